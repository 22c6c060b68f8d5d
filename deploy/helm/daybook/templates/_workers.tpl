{{/*
The two workers, told apart by a dict each: what is the same for both stands once, in workers.yaml.
*/}}

{{/*
`scaledBy` are the streams and durable consumers whose messages this worker takes, as kombu_jetstream and contracts.topology name
them: a queue with priorities has one consumer for each of its four steps. A test compares them with the libraries.
*/}}
{{- define "daybook.workers" -}}
enrichment-worker:
  values: enrichmentWorker
  prefix: enrichment
  port: 9101
  lexicon: true
  scaledBy:
    DAYBOOK_EVENTS: [enrichment-worker]
    DAYBOOK_TASKS: [enrichment=2e=embed, enrichment=2e=mood, enrichment=2e=erase]
insights-worker:
  values: insightsWorker
  prefix: insights
  port: 9102
  lexicon: false
  scaledBy:
    DAYBOOK_EVENTS: [insights-worker]
    DAYBOOK_TASKS:
      - insights=2e=reflection=p9
      - insights=2e=reflection=p6
      - insights=2e=reflection=p3
      - insights=2e=reflection=p0
      - insights=2e=report=p9
      - insights=2e=report=p6
      - insights=2e=report=p3
      - insights=2e=report=p0
      - insights=2e=schedule
{{- end }}

{{/* Those that are not meant to run. */}}
{{- define "daybook.workersOff" -}}
{{- range $component, $worker := include "daybook.workers" . | fromYaml }}
{{- $values := index $.Values $worker.values }}
{{- if not (or $values.autoscaling.enabled $values.replicas) }}
- {{ $component }}
{{- end }}
{{- end }}
{{- end }}

{{/* Takes (dict "root" . "name" "enrichment-worker" "worker" <one of the dicts above>). */}}
{{- define "daybook.workerEnvironment" -}}
{{- $values := index .root.Values .worker.values -}}
{{- $own := dict
    "nats_inbox_prefix" (printf "_INBOX_%s" .name)
    "nats_replicas" (include "daybook.natsReplicas" .root)
    "concurrency" $values.concurrency
    "deadline_s" $values.deadlineSeconds
    "metrics_host" "0.0.0.0"
    "metrics_port" .worker.port -}}
{{- if eq .name "enrichment-worker" }}
{{- $_ := set $own "mood_method" .root.Values.models.moodMethod }}
{{- else }}
{{- $_ := set $own "beat_metrics_port" 9103 }}
{{- end -}}
{{- include "daybook.environment" (dict "root" .root "prefix" (printf "%s_" (upper .worker.prefix)) "own" $own "more" $values.settings) -}}
{{- end }}

{{/* Takes the same. */}}
{{- define "daybook.workerSecrets" -}}
{{- $prefix := .worker.prefix -}}
{{- $files := dict -}}
{{- range list (printf "%s_nats_url" $prefix) (printf "%s_gateway_key" $prefix) }}{{- $_ := set $files . . }}{{- end -}}
{{- $optional := dict (printf "%s_qdrant_api_key" $prefix) "qdrant_api_key" -}}
{{- if .worker.lexicon }}{{- $_ := set $optional (printf "%s_lexicon_key" $prefix) "lexicon_key" }}{{- end -}}
{{- include "daybook.secretsVolume" (dict "root" .root "files" $files "optional" $optional) -}}
{{- end }}
