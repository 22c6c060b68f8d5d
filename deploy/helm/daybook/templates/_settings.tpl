{{/*
The environment of our three services. What is secret is a file under /run/secrets instead.
*/}}

{{- define "daybook.qdrantUrl" -}}
{{- if .Values.qdrant.enabled -}}
http://{{ include "daybook.fullname" . }}-qdrant:6333
{{- else -}}
{{ .Values.external.qdrant.url }}
{{- end -}}
{{- end }}

{{- define "daybook.ollamaUrl" -}}
{{- if .Values.ollama.enabled -}}
http://{{ include "daybook.fullname" . }}-ollama:11434
{{- else -}}
{{ .Values.external.ollama.url }}
{{- end -}}
{{- end }}

{{/* One variable. A number goes through JSON, since Go would write 2097152 as 2.097152e+06. */}}
{{- define "daybook.variable" -}}
- name: {{ .name | upper }}
  value: {{ ternary .value (toJson .value) (kindIs "string" .value) | quote }}
{{- end }}

{{/* Takes (dict "root" . "prefix" "GATEWAY_" "own" (dict ...) "more" .Values.gateway.settings). */}}
{{- define "daybook.environment" -}}
{{- $shared := dict
    "ollama_url" (include "daybook.ollamaUrl" .root)
    "qdrant_url" (include "daybook.qdrantUrl" .root)
    "embedding_model" .root.Values.models.embedding
    "chat_model" .root.Values.models.chat -}}
{{- with .root.Values.tracing.endpoint }}{{- $_ := set $shared "otlp_endpoint" . }}{{- end -}}
{{- $variables := list }}
{{- range $name, $value := merge (dict) .more .own $shared }}
{{- $variables = append $variables (include "daybook.variable" (dict "name" (print $.prefix $name) "value" $value)) }}
{{- end }}
{{- join "\n" $variables }}
{{- end }}

{{- define "daybook.gatewayEnvironment" -}}
{{- $gateway := .Values.gateway -}}
{{- $own := dict
    "http_host" "0.0.0.0"
    "http_port" 8080
    "drain_s" $gateway.drainSeconds
    "shutdown_grace_s" $gateway.shutdownGraceSeconds
    "nats_replicas" (include "daybook.natsReplicas" .) -}}
{{- if $gateway.careTextsConfigMap }}{{- $_ := set $own "care_texts" "/etc/daybook/care" }}{{- end -}}
{{- include "daybook.environment" (dict "root" . "prefix" "GATEWAY_" "own" $own "more" $gateway.settings) -}}
{{- end }}
