"""Many entries in few sentences, each of which says on which entries it rests."""
