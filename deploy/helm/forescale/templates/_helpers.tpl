{{- define "forescale.labels" -}}
app.kubernetes.io/name: forescale
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What selects the pods of one service; takes (list root component). */}}
{{- define "forescale.selector" -}}
app.kubernetes.io/name: forescale
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "forescale.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "forescale.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "forescale.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* The kind of a pool's provider; `provider: aws` is short for `provider: { kind: aws }`. */}}
{{- define "forescale.kind" -}}
{{- $provider := .provider | default dict -}}
{{- kindIs "string" $provider | ternary $provider (dig "kind" "none" (kindIs "string" $provider | ternary dict $provider)) -}}
{{- end }}

{{/* The services' configuration; what the chart sets itself wins. */}}
{{- define "forescale.config" -}}
{{- $set := dict
  "http" (dict "host" "0.0.0.0" "port" 8080)
  "data_dir" "/var/lib/forescale"
  "kubernetes" (dict "namespace" .Release.Namespace) }}
{{- toYaml (dict "autoscaler" (mergeOverwrite (deepCopy .Values.config) $set)) }}
{{- end }}

{{/* The pod of one service; takes (dict "root" $ "component" name "volume" the data folder's). */}}
{{- define "forescale.pod" -}}
{{- $root := .root -}}
{{- $component := .component -}}
{{- $own := index $root.Values $component -}}
metadata:
  labels:
    {{- include "forescale.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $component }}
spec:
  serviceAccountName: forescale-{{ $component }}
  {{- if eq $component "predictor" }}
  automountServiceAccountToken: false
  {{- end }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  # The tick under way is waited for.
  terminationGracePeriodSeconds: 90
  securityContext: {{- include "forescale.podSecurity" $root | nindent 4 }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "forescale.selector" (list $root $component) | nindent 10 }}
  containers:
    - name: {{ $component }}
      image: {{ include "forescale.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [{{ $component }}, --config, /etc/forescale/config/config.yaml]
      env:
        - name: NODE_NAME
          valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
        {{- with concat $root.Values.env $own.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - { name: http, containerPort: 8080 }
        {{- if eq $component "actuator" }}
        {{- if $root.Values.scaler.enabled }}
        - { name: grpc, containerPort: 9090 }
        {{- end }}
        {{- if $root.Values.externalMetrics.enabled }}
        - { name: https, containerPort: 6443 }
        {{- end }}
        {{- end }}
      # A start reads history and models; only then is a silent process one that hangs.
      startupProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 5, failureThreshold: 36 }
      livenessProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 10, timeoutSeconds: 5 }
      readinessProbe: { httpGet: { path: /readyz, port: http }, periodSeconds: 10, timeoutSeconds: 5 }
      resources: {{- toYaml $own.resources | nindent 8 }}
      securityContext: {{- include "forescale.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        # Folders, not files: so that a change of them arrives.
        - { name: config, mountPath: /etc/forescale/config, readOnly: true }
        - { name: secrets, mountPath: /etc/forescale/secrets, readOnly: true }
        - { name: data, mountPath: /var/lib/forescale }
        - { name: tmp, mountPath: /tmp }
  volumes:
    - { name: config, configMap: { name: forescale-config } }
    # 288: read by user and group, 0440.
    - { name: secrets, secret: { secretName: {{ $own.existingSecret | default $root.Values.existingSecret }}, defaultMode: 288 } }
    - { name: tmp, emptyDir: {} }
    {{- if not .claimed }}
    - { name: data, emptyDir: {} }
    {{- end }}
{{- end }}
