{{/*
What the gateway's program finds in its pods, be it that it serves or that it runs one command.
*/}}

{{- define "daybook.gatewayMounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: secrets, mountPath: /run/secrets, readOnly: true}
{{- if .Values.gateway.careTextsConfigMap }}
- {name: care-texts, mountPath: /etc/daybook/care, readOnly: true}
{{- end }}
{{- with include "daybook.caMount" . }}
{{ . }}
{{- end }}
{{- end }}

{{- define "daybook.gatewayVolumes" -}}
{{- $files := dict "gateway_database_url" "gateway_database_url" "gateway_nats_url" "gateway_nats_url" -}}
{{- $optional := dict "gateway_lexicon_key" "lexicon_key" "gateway_qdrant_api_key" "qdrant_api_key" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
- {{ include "daybook.secretsVolume" (dict "root" . "files" $files "optional" $optional) | nindent 2 | trim }}
{{- with .Values.gateway.careTextsConfigMap }}
- name: care-texts
  configMap: {name: {{ . }}}
{{- end }}
{{- with include "daybook.caVolume" . }}
{{ . }}
{{- end }}
{{- end }}

{{/*
Where a pod for its commands may run, as YAML: where its own may. What `affinity` says of other pods is for those that serve: kept away from
them, a hook would find no node in a small cluster.
*/}}
{{- define "daybook.gatewayPlacing" -}}
{{- $placing := pick .Values.gateway "nodeSelector" "tolerations" "priorityClassName" -}}
{{- with .Values.gateway.affinity.nodeAffinity }}{{ $_ := set $placing "affinity" (dict "nodeAffinity" .) }}{{ end -}}
{{- toYaml $placing -}}
{{- end }}
