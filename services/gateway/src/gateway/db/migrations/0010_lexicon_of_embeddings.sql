-- By which lexicon the words of each entry are indexed. Once a round the gateway looks whether there is another one, and mostly
-- there is none: without this it would read every embedding to see that.
CREATE INDEX enrichments_by_lexicon ON enrichments ((coalesce(result ->> 'lexicon', '')))
    WHERE kind = 'embedding' AND state = 'done';
