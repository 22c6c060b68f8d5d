{{/*
Names, labels and images. The charts under charts/ use these too: named templates are shared by all charts of a release.
*/}}

{{/*
At most 40 characters, so that what is longest behind it fits: a StatefulSet's name stands in a label of its pods together with a
hash of ten, and a label holds 63. A longer one is cut and gets a hash of the whole, so that two do not become one.
*/}}
{{- define "daybook.fullname" -}}
{{- $name := .Values.global.fullnameOverride | default (ternary .Release.Name (printf "%s-daybook" .Release.Name) (contains "daybook" .Release.Name)) -}}
{{- if gt (len $name) 40 -}}
{{- printf "%s-%s" ($name | trunc 33 | trimSuffix "-") ($name | sha256sum | trunc 6) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end }}

{{/* What finds the pods of one component: never changes, since selectors cannot. Takes (dict "root" . "component" "gateway"). */}}
{{- define "daybook.selector" -}}
app.kubernetes.io/name: daybook
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* On every object. Takes the same. */}}
{{- define "daybook.labels" -}}
{{ include "daybook.selector" . }}
app.kubernetes.io/part-of: daybook
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "daybook.serviceAccount" -}}
{{- $account := .Values.global.serviceAccount -}}
{{- $account.name | default (ternary (include "daybook.fullname" .) "default" $account.create) -}}
{{- end }}

{{- define "daybook.secret" -}}
{{- .Values.global.existingSecret | default (printf "%s-secrets" (include "daybook.fullname" .)) -}}
{{- end }}

{{/* An image of ours. Takes (dict "root" . "service" "gateway"). */}}
{{- define "daybook.image" -}}
{{- $image := .root.Values.image -}}
{{- with .root.Values.global.imageRegistry }}{{ . }}/{{ end -}}
{{ $image.prefix }}/{{ .service }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- with get $image.digests .service }}@{{ . }}{{ end }}
{{- end }}

{{/* An image of others, by digest where one is given. Takes (dict "root" . "image" .Values.image). */}}
{{- define "daybook.foreignImage" -}}
{{- with .root.Values.global.imageRegistry }}{{ . }}/{{ end -}}
{{ .image.repository }}:{{ .image.tag }}{{ with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* PromQL whose every series is of the release's namespace. Takes (dict "root" . "expr" "max(daybook_... )"). */}}
{{- define "daybook.askedHere" -}}
{{- $matcher := printf "{namespace=%q}" .root.Release.Namespace -}}
{{- regexReplaceAll `\b[a-z0-9_:]*(daybook|kombu_jetstream|process)_[a-z0-9_:]+` .expr (printf "${0}%s" $matcher) | replace "}{" "," -}}
{{- end }}
