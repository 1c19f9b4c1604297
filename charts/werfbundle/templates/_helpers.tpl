{{/* Names are those of manifests/: one installation is enough for a cluster, and flags, documents and the guide use them. */}}

{{- define "werfbundle.labels" -}}
app.kubernetes.io/part-of: werfbundle
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "werfbundle.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* Where Pods of a Deployment go. Of a list: its values, the Deployment's name. */}}
{{- define "werfbundle.scheduling" -}}
{{- $values := index . 0 }}
{{- $name := index . 1 }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
{{ toYaml . }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- with $values.topologySpreadConstraints }}
{{ toYaml . }}
{{- else }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      app.kubernetes.io/name: {{ $name }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{/* A container's start-up probe, and what it may not do. */}}
{{- define "werfbundle.startup" -}}
startupProbe:
  httpGet:
    path: /healthz
    port: health
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
{{- end }}
{{- define "werfbundle.restricted" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Variables of a process: the namespace, and what was given, for all and for it. Of a list: the chart, its values. */}}
{{- define "werfbundle.env" -}}
{{- $ := index . 0 -}}
- name: WERFBUNDLE_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- with concat $.Values.extraEnv (index . 1).extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What the apiserver calls. Of a list: the chart, the path. */}}
{{- define "werfbundle.clientConfig" -}}
{{- $ := index . 0 -}}
clientConfig:
  # Taken away again from where the webhook ran with --advertise-url: only one of url and service may be there.
  url: null
  service:
    name: werfbundle-webhook
    namespace: {{ $.Release.Namespace }}
    path: {{ index . 1 }}
    port: 443
{{- end }}

{{- define "werfbundle.injectCa" -}}
{{- if eq .Values.webhook.certificates.source "cert-manager" -}}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/werfbundle-webhook
{{- end }}
{{- end }}

{{- define "werfbundle.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ index . 1 }}
  namespace: {{ (index . 0).Release.Namespace }}
  labels:
    {{- include "werfbundle.labels" (index . 0) | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ index . 1 }}
{{- end }}
