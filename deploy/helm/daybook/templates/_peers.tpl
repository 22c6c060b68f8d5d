{{/* A policy's metadata. Takes (dict "root" . "name" "nats"). */}}
{{- define "daybook.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "daybook.fullname" .root }}-{{ .name }}
  labels:
    {{- include "daybook.labels" (dict "root" .root "component" "network") | nindent 4 }}
{{- end }}

{{/* A way out to a server, bundled or yours. Takes (dict "root" . "server" "nats"). */}}
{{- define "daybook.wayTo" -}}
{{- $external := index .root.Values.external .server -}}
{{- if (index .root.Values .server).enabled -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "daybook.selector" (dict "root" .root "component" .server) | nindent 10 }}
  ports:
    - {protocol: TCP, port: {{ get (dict "nats" 4222 "postgresql" 5432 "qdrant" 6333 "ollama" 11434) .server }}}
{{- else -}}
- to:
    {{- toYaml $external.peers | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $external.port }}}
{{- end -}}
{{- end }}

{{/* Takes (dict "root" . "components" (list "gateway")). */}}
{{- define "daybook.ourPods" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: daybook
      app.kubernetes.io/instance: {{ .root.Release.Name }}
    matchExpressions:
      - {key: app.kubernetes.io/component, operator: In, values: {{ toJson .components }}}
{{- end }}

{{- define "daybook.wayToCollector" -}}
{{- if .Values.tracing.endpoint -}}
- to:
    {{- toYaml .Values.tracing.peers | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .Values.tracing.port }}}
{{- end -}}
{{- end }}

{{/* From a whole namespace, by the label that Kubernetes itself sets. */}}
{{- define "daybook.namespace" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . }}
{{- end }}
