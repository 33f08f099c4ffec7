{{- /* foxtrot.toml. Strings and lists of strings are written as JSON, which TOML reads the same. */ -}}
{{- define "foxtrot.config" -}}
{{- $routing := .Values.routing -}}
{{- $cutover := .Values.cutover -}}
{{- $here := list (printf "http://127.0.0.1:%d" (int .Values.app.port)) -}}
schema = 1
trusted_proxies = {{ .Values.listener.trustedProxies | toJson }}

[admin]
listen = "0.0.0.0:{{ int .Values.admin.port }}"
token = { file = "/var/run/secrets/foxtrot/token" }

[drain]
delay = "{{ int .Values.drain.delay }}s"
deadline = "{{ int .Values.drain.deadline }}s"

[log]
format = "json"

[listeners.edge]
listen = "0.0.0.0:{{ int .Values.listener.port }}"
{{- if .Values.listener.tlsSecret }}
protocols = ["h2", "http/1.1"]
tls = { certs = [{ cert = "/etc/foxtrot-tls/tls.crt", key = "/etc/foxtrot-tls/tls.key" }] }
{{- end }}

[clusters.{{ $routing.name }}-blue]
endpoints = {{ $routing.blue.endpoints | default $here | toJson }}
health = { path = {{ $routing.health.path | toJson }}, every = {{ $routing.health.every | toJson }} }
{{- if eq $routing.strategy "bluegreen" }}

[clusters.{{ $routing.name }}-green]
like = "{{ $routing.name }}-blue"
endpoints = {{ $routing.green.endpoints | toJson }}

[rollouts.{{ $routing.name }}]
blue = "{{ $routing.name }}-blue"
green = "{{ $routing.name }}-green"
weights = { blue = {{ sub 100 (int $cutover.green) }}, green = {{ int $cutover.green }} }
sticky = {{ $routing.sticky | toJson }}
{{- if eq $cutover.method "steps" }}
steps = {{ $cutover.steps | toJson }}
step_every = {{ $cutover.stepEvery | toJson }}
{{- end }}
{{- if eq $cutover.method "flip" }}
steps = [100]
step_every = {{ $cutover.stepEvery | toJson }}
{{- end }}
{{- if ne $cutover.method "weights" }}
rollback = { max_duration = {{ $cutover.rollback.maxDuration | toJson }}, drain = {{ $cutover.rollback.drain | toJson }} }
{{- end }}
{{- if .Values.mirror.enabled }}

[rollouts.{{ $routing.name }}.mirror]
to = "{{ $routing.name }}-green"
percent = {{ int .Values.mirror.weight }}
methods = ["GET", "HEAD"]
strip = ["authorization", "cookie"]
{{- end }}
{{- end }}
{{- if .Values.waf.enabled }}

[waf]
mode = {{ .Values.waf.mode | toJson }}
enforce_percent = {{ int .Values.waf.enforcePercent }}
paranoia = {{ int .Values.waf.paranoia }}
inbound_threshold = {{ int .Values.waf.inboundThreshold }}
{{- end }}

[[routes]]
name = "all"
match = { path = "/" }
to = "{{ if eq $routing.strategy "bluegreen" }}rollout:{{ $routing.name }}{{ else }}cluster:{{ $routing.name }}-blue{{ end }}"
{{- if .Values.extraConfig }}

{{ .Values.extraConfig }}
{{- end }}
{{- end -}}
