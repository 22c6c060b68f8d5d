{{/*
What every pod has: the restricted Pod Security Standard, no token, no Service addresses in its environment.
*/}}

{{/* Takes (dict "root" . "user" 65532 "values" .Values.gateway); `user` is the image's, `values` may have a priority class. */}}
{{- define "daybook.podBasics" -}}
serviceAccountName: {{ include "daybook.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  # A volume of many files is not walked at each start.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName | default .root.Values.global.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- include "daybook.placing" .values }}
{{- end }}

{{- define "daybook.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where pods may run. Takes the values of a workload. */}}
{{- define "daybook.placing" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Takes (dict "root" . "component" "gateway" "values" .Values.gateway). */}}
{{- define "daybook.spread" -}}
topologySpreadConstraints:
{{- with .values.topologySpreadConstraints }}
  {{- toYaml . | nindent 2 }}
{{- else }}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "daybook.selector" $ | nindent 8 }}
    # Of the new pods alone: those that a rollout is about to stop do not count.
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{/*
The files under /run/secrets that one service reads, and no others. Takes (dict "root" . "files" (dict FILE KEY ...) "optional" ...):
the names of files, and the keys of the Secret that they hold. A key of `optional` may be missing.
*/}}
{{- define "daybook.secretsVolume" -}}
name: secrets
projected:
  defaultMode: 0440
  sources:
    - secret:
        name: {{ include "daybook.secret" .root }}
        items:
          {{- range $file, $key := .files }}
          - {key: {{ $key }}, path: {{ $file }}}
          {{- end }}
    {{- range $file, $key := .optional }}
    - secret:
        name: {{ include "daybook.secret" $.root }}
        optional: true
        items:
          - {key: {{ $key }}, path: {{ $file }}}
    {{- end }}
{{- end }}

{{/* The authorities that our images trust (SSL_CERT_FILE), where they are yours. One file, so it lies over the image's own. */}}
{{- define "daybook.caMount" -}}
{{- if .Values.global.caBundle.configMap -}}
- {name: ca-bundle, mountPath: /etc/ssl/certs/ca-certificates.crt, subPath: ca-certificates.crt, readOnly: true}
{{- end -}}
{{- end }}

{{- define "daybook.caVolume" -}}
{{- with .Values.global.caBundle -}}
{{- if .configMap -}}
- name: ca-bundle
  configMap:
    name: {{ .configMap }}
    items:
      - {key: {{ .key }}, path: ca-certificates.crt}
{{- end -}}
{{- end -}}
{{- end }}
