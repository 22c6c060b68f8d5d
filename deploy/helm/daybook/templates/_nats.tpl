{{/* Where KEDA reads what waits, without a scheme. */}}
{{- define "daybook.natsMonitoring" -}}
{{- if .Values.nats.enabled -}}
{{ include "daybook.fullname" . }}-nats.{{ .Release.Namespace }}.svc:8222
{{- else -}}
{{ .Values.external.nats.monitoringEndpoint }}
{{- end -}}
{{- end }}

{{/* Whether KEDA is to read it. */}}
{{- define "daybook.autoscaledByLag" -}}
{{- if or .Values.enrichmentWorker.autoscaling.enabled .Values.insightsWorker.autoscaling.enabled }}true{{ end -}}
{{- end }}

{{/* How many servers keep a stream. */}}
{{- define "daybook.natsReplicas" -}}
{{- ternary 1 .Values.external.nats.replicas .Values.nats.enabled -}}
{{- end }}
