{{- /* What the schema says too, for those who skip it, and what it cannot say: what must be given together. */ -}}
{{- define "foxtrot.check" -}}
{{- $routing := .Values.routing -}}
{{- $cutover := .Values.cutover -}}
{{- if not .Values.app.image -}}
{{- fail "app.image: name the application's image, which the sidecar stands before" -}}
{{- end -}}
{{- if not .Values.admin.tokenSecret -}}
{{- fail "admin.tokenSecret: name a secret with the key `token`: kubectl create secret generic foxtrot-admin --from-literal=token=..." -}}
{{- end -}}
{{- if not (has $routing.strategy (list "direct" "bluegreen")) -}}
{{- fail (printf "routing.strategy: expected direct or bluegreen, found %s" $routing.strategy) -}}
{{- end -}}
{{- if and (eq $routing.strategy "bluegreen") (not $routing.green.endpoints) -}}
{{- fail "routing.green.endpoints: name where green is: routing.strategy is bluegreen" -}}
{{- end -}}
{{- if not (has $cutover.method (list "weights" "flip" "steps")) -}}
{{- fail (printf "cutover.method: expected weights, flip or steps, found %s" $cutover.method) -}}
{{- end -}}
{{- if and (ne $routing.strategy "bluegreen") (ne $cutover.method "weights") -}}
{{- fail (printf "cutover.method: %s moves between blue and green: it needs routing.strategy bluegreen" $cutover.method) -}}
{{- end -}}
{{- if or (lt (int $cutover.green) 0) (gt (int $cutover.green) 100) -}}
{{- fail (printf "cutover.green: expected a percentage from 0 to 100, found %d" (int $cutover.green)) -}}
{{- end -}}
{{- if .Values.mirror.enabled -}}
{{- if ne $routing.strategy "bluegreen" -}}
{{- fail "mirror.enabled: copies go to green: they need routing.strategy bluegreen" -}}
{{- end -}}
{{- if or (lt (int .Values.mirror.weight) 0) (gt (int .Values.mirror.weight) 100) -}}
{{- fail (printf "mirror.weight: expected a percentage from 0 to 100, found %d" (int .Values.mirror.weight)) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.waf.enabled (not (has .Values.waf.mode (list "detect" "enforce"))) -}}
{{- fail (printf "waf.mode: expected detect or enforce, found %s" .Values.waf.mode) -}}
{{- end -}}
{{- $ports := list (int .Values.listener.port) (int .Values.app.port) (int .Values.admin.port) -}}
{{- if or (eq (index $ports 0) (index $ports 1)) (eq (index $ports 0) (index $ports 2)) (eq (index $ports 1) (index $ports 2)) -}}
{{- fail "listener.port, app.port and admin.port share the pod's address: each needs a number of its own" -}}
{{- end -}}
{{- end -}}
