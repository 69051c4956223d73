{{/* The pod, which is the same for both databases but for the volume. */}}
{{- define "ringback.pod" -}}
metadata:
  labels:
    {{- include "ringback.selector" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # A change of the configuration or of the chart's own secret replaces the pods.
    checksum/config: {{ include "ringback.config" . | sha256sum }}
    checksum/secret: {{ toJson .Values.secret | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ include "ringback.serviceAccountName" . }}
  automountServiceAccountToken: false
  # The server does not use the variables that Kubernetes sets for services.
  enableServiceLinks: false
  # Longer than the preStop sleep, shutdownGraceMs and the time to write the last outcomes together.
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- if eq .Values.database "postgres" }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "ringback.selector" . | nindent 10 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  containers:
    - name: ringback
      image: {{ include "ringback.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      ports:
        - { name: http, containerPort: 8000 }
        - { name: ops, containerPort: 8001 }
      env:
        - { name: RINGBACK_LISTEN, value: "0.0.0.0:8000" }
        - { name: RINGBACK_OPS_LISTEN, value: "0.0.0.0:8001" }
        - { name: RINGBACK_CONFIG, value: /etc/ringback/ringback.yaml }
        {{- if eq .Values.database "sqlite" }}
        # A folder in the volume, because the folder must have mode 0700 and belong to the server.
        - { name: RINGBACK_DATA, value: /data/ringback }
        {{- else }}
        - name: RINGBACK_DATABASE
          valueFrom:
            secretKeyRef: { name: {{ include "ringback.secretName" . }}, key: database }
        {{- end }}
        - name: RINGBACK_OPERATOR_TOKEN
          valueFrom:
            secretKeyRef: { name: {{ include "ringback.secretName" . }}, key: operatorToken }
        - name: RINGBACK_MASTER_KEY
          valueFrom:
            secretKeyRef: { name: {{ include "ringback.secretName" . }}, key: masterKey, optional: true }
        {{- with .Values.extraEnv }}{{ toYaml . | nindent 8 }}{{ end }}
      volumeMounts:
        - { name: config, mountPath: /etc/ringback, readOnly: true }
        {{- if eq .Values.database "sqlite" }}
        - { name: data, mountPath: /data }
        {{- end }}
      # The first node creates the schema, and others may wait for it.
      startupProbe:
        httpGet: { path: /healthz, port: ops }
        periodSeconds: 2
        failureThreshold: 60
      # /healthz does not depend on the database, because a new process would not repair it.
      livenessProbe:
        httpGet: { path: /healthz, port: ops }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      # /readyz returns 503 while the database cannot be written, and while the node starts or stops.
      readinessProbe:
        httpGet: { path: /readyz, port: ops }
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 1
      lifecycle:
        preStop:
          # Waits until every proxy knows that this node gets no more requests.
          sleep: { seconds: 5 }
      resources: {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
  volumes:
    - name: config
      configMap: { name: {{ include "ringback.fullname" . }} }
    {{- if and (eq .Values.database "sqlite") .Values.sqlite.volume.existingClaim }}
    - name: data
      persistentVolumeClaim: { claimName: {{ .Values.sqlite.volume.existingClaim }} }
    {{- end }}
{{- end -}}
