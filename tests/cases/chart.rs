//! The chart in conf/kubernetes: what it renders is what the proxy takes, and the order of things in a pod is the one that
//! loses no request.

use std::{collections::BTreeMap, fs, path::Path};

use e2e::{
    Ca, Chart, Value,
    chart::{merge, yaml},
    json,
    proxy::run_binary,
};

#[test]
fn what_the_chart_renders_passes_the_check() {
    for (name, overlay) in [
        ("defaults", json!({})),
        ("replicas", json!({ "replicas": 1, "service": { "type": "LoadBalancer" } })),
        ("bluegreen", bluegreen()),
        ("mirror", with(bluegreen(), json!({ "mirror": { "enabled": true, "weight": 25 } }))),
        ("no mirror", with(bluegreen(), json!({ "mirror": { "enabled": false, "weight": 0 } }))),
        ("weights", with(bluegreen(), json!({ "cutover": { "method": "weights", "green": 35 } }))),
        ("flip", with(bluegreen(), json!({ "cutover": { "method": "flip" } }))),
        (
            "steps",
            with(bluegreen(), json!({ "cutover": { "method": "steps", "steps": [1, 100] } })),
        ),
        ("waf", json!({ "waf": { "enabled": true, "mode": "enforce", "enforcePercent": 10 } })),
        (
            "tls",
            json!({ "listener": { "tlsSecret": "shop-tls", "trustedProxies": ["10.0.0.0/8"] } }),
        ),
        ("extra", json!({ "extraConfig": "[reload]\npoll = \"5s\"" })),
        ("odd strings", json!({ "routing": { "health": { "path": "/h\"e\\y" } } })),
    ] {
        let documents = render(&overlay).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(check(&config(&documents)), Ok(()), "{name}:\n{}", config(&documents));
    }
}

#[test]
fn overlay_keys_are_what_the_proxy_does() {
    let overlay = json!({
        "mirror": { "enabled": true, "weight": 25 },
        "cutover": { "method": "steps", "green": 35, "rollback": { "maxDuration": "90s" } },
    });
    let config = config(&render(&with(bluegreen(), overlay)).unwrap());
    for line in [
        "weights = { blue = 65, green = 35 }",
        "percent = 25",
        "steps = [5,25,50,100]",
        "rollback = { max_duration = \"90s\", drain = \"60s\" }",
        "to = \"rollout:gateway\"",
    ] {
        assert!(config.lines().any(|found| found == line), "{line}\n{config}");
    }
    let direct = self::config(&render(&json!({})).unwrap());
    for word in ["[rollouts", "green", "mirror", "[waf]"] {
        assert!(!direct.contains(word), "{word}\n{direct}");
    }
}

#[test]
fn values_that_make_no_sense_are_refused_with_a_reason() {
    for (overlay, expected) in [
        (json!({ "app": { "image": "" } }), "app.image: name"),
        (json!({ "admin": { "tokenSecret": "" } }), "admin.tokenSecret: name a secret"),
        (
            json!({ "routing": { "strategy": "canary" } }),
            "routing.strategy: expected direct or bluegreen, found canary",
        ),
        (
            json!({ "routing": { "strategy": "bluegreen" } }),
            "routing.green.endpoints: name where green is",
        ),
        (json!({ "mirror": { "enabled": true } }), "mirror.enabled: copies go to green"),
        (
            json!({ "cutover": { "method": "steps" } }),
            "cutover.method: steps moves between blue and green",
        ),
        (json!({ "waf": { "enabled": true, "mode": "block" } }), "waf.mode: expected"),
        (json!({ "app": { "port": 9901 } }), "listener.port, app.port and admin.port share"),
        (
            with(bluegreen(), json!({ "mirror": { "weight": 101 } })),
            "mirror.weight: expected a percentage",
        ),
        (
            with(bluegreen(), json!({ "mirror": { "weight": -1 } })),
            "mirror.weight: expected a percentage",
        ),
        (
            with(bluegreen(), json!({ "cutover": { "green": 101 } })),
            "cutover.green: expected a percentage",
        ),
        (
            with(bluegreen(), json!({ "cutover": { "method": "dns" } })),
            "cutover.method: expected weights, flip or steps, found dns",
        ),
    ] {
        let problem = render(&overlay).expect_err(&overlay.to_string());
        assert!(problem.contains(expected), "{overlay}: {problem}");
    }
}

#[test]
fn the_sidecar_is_up_before_the_application_and_drains_before_it_ends() {
    let overlay = json!({ "drain": { "delay": 7, "deadline": 20, "app": 3 } });
    let documents = render(&overlay).unwrap();
    let pod = &documents["deployment.yaml"]["spec"]["template"]["spec"];
    let (sidecar, app) = (&pod["initContainers"][0], &pod["containers"][0]);
    assert_eq!(sidecar["restartPolicy"], "Always");
    assert_eq!(sidecar["startupProbe"]["httpGet"], json!({ "path": "/livez", "port": "admin" }));
    assert_eq!(sidecar["readinessProbe"]["httpGet"], json!({ "path": "/readyz", "port": "admin" }));
    assert_eq!(sidecar["livenessProbe"]["httpGet"], json!({ "path": "/livez", "port": "admin" }));
    let hook = &sidecar["lifecycle"]["preStop"]["exec"]["command"];
    assert_eq!(*hook, json!(["/bin/sh", "-c", "kill -TERM 1"]));
    assert_eq!(app["lifecycle"]["preStop"]["sleep"]["seconds"], 27);
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() >= 27 + 3);
    let config = config(&documents);
    assert!(config.contains("delay = \"7s\"") && config.contains("deadline = \"20s\""), "{config}");
    assert_eq!(pod["automountServiceAccountToken"], false);
}

#[test]
fn the_sidecar_may_do_little() {
    let documents = render(&json!({})).unwrap();
    let pod = &documents["deployment.yaml"]["spec"]["template"]["spec"];
    let sidecar = &pod["initContainers"][0];
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let expected = json!({
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "readOnlyRootFilesystem": true,
        "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] },
    });
    assert_eq!(sidecar["securityContext"], expected);
    assert!(sidecar["resources"]["limits"]["memory"].is_string());
    let mounts = sidecar["volumeMounts"].as_array().unwrap();
    assert!(mounts.iter().all(|mount| mount["subPath"].is_null()), "a subPath never changes");
    let writable: Vec<_> = mounts.iter().filter(|mount| mount["readOnly"] != true).collect();
    assert_eq!(writable.len(), 1);
    assert_eq!(writable[0]["mountPath"], sidecar["env"][0]["value"]);
}

#[test]
fn ports_are_those_of_the_configuration() {
    let overlay =
        json!({ "listener": { "port": 8443 }, "admin": { "port": 9000 }, "app": { "port": 3000 } });
    let documents = render(&overlay).unwrap();
    let config = config(&documents);
    let pod = &documents["deployment.yaml"]["spec"]["template"]["spec"];
    let ports = &pod["initContainers"][0]["ports"];
    assert_eq!(
        *ports,
        json!([{ "name": "edge", "containerPort": 8443 }, { "name": "admin", "containerPort": 9000 }])
    );
    assert_eq!(pod["containers"][0]["ports"][0]["containerPort"], 3000);
    for line in [
        "listen = \"0.0.0.0:8443\"",
        "listen = \"0.0.0.0:9000\"",
        "endpoints = [\"http://127.0.0.1:3000\"]",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    assert_eq!(documents["service.yaml"]["spec"]["ports"][0]["targetPort"], "edge");
}

#[test]
fn only_operators_reach_the_admin_port() {
    let documents = render(&json!({ "admin": { "namespaces": ["ops"] } })).unwrap();
    let rules = documents["networkpolicy.yaml"]["spec"]["ingress"].as_array().unwrap();
    let of = |port: &str| {
        rules.iter().filter(|rule| rule["ports"][0]["port"] == port).collect::<Vec<_>>()
    };
    assert_eq!(of("edge").len(), 1);
    let labels = &of("admin")[0]["from"][0]["namespaceSelector"]["matchLabels"];
    assert_eq!(*labels, json!({ "kubernetes.io/metadata.name": "ops" }));
    let nobody = render(&json!({ "admin": { "namespaces": [] } })).unwrap();
    assert_eq!(nobody["networkpolicy.yaml"]["spec"]["ingress"].as_array().unwrap().len(), 1);
}

#[test]
fn budgets_and_selectors_meet_the_pods() {
    let documents = render(&json!({})).unwrap();
    let labels =
        documents["deployment.yaml"]["spec"]["template"]["metadata"]["labels"].as_object().unwrap();
    for selector in [
        &documents["deployment.yaml"]["spec"]["selector"]["matchLabels"],
        &documents["service.yaml"]["spec"]["selector"],
        &documents["poddisruptionbudget.yaml"]["spec"]["selector"]["matchLabels"],
        &documents["networkpolicy.yaml"]["spec"]["podSelector"]["matchLabels"],
    ] {
        let selector = selector.as_object().unwrap();
        assert!(selector.len() >= 2 && selector.iter().all(|(key, value)| labels[key] == *value));
    }
    assert_eq!(documents["poddisruptionbudget.yaml"]["spec"]["maxUnavailable"], 1);
    let one = render(&json!({ "replicas": 1 })).unwrap();
    assert!(!one.contains_key("poddisruptionbudget.yaml"), "one replica cannot be kept and moved");
}

/// A key that the schema lacks would be refused, and one that the values lack would be a secret.
#[test]
fn the_schema_names_the_keys_that_there_are() {
    let schema = fs::read_to_string(folder().join("values.schema.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    // Helm's own.
    schema["properties"].as_object_mut().unwrap().remove("global");
    same_keys("values", &schema, &Chart::load(&folder()).values);
}

fn same_keys(place: &str, schema: &Value, value: &Value) {
    let (Some(known), Some(given)) = (schema["properties"].as_object(), value.as_object()) else {
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "{place}");
    assert_eq!(known.keys().collect::<Vec<_>>(), given.keys().collect::<Vec<_>>(), "{place}");
    known
        .iter()
        .for_each(|(key, schema)| same_keys(&format!("{place}.{key}"), schema, &given[key]));
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conf/kubernetes/chart")
}

fn render(overlay: &Value) -> Result<BTreeMap<String, Value>, String> {
    let given =
        json!({ "app": { "image": "shop:1" }, "admin": { "tokenSecret": "foxtrot-admin" } });
    Chart::load(&folder()).render(&with(given, overlay.clone()))
}

/// The overlay that the chart brings along.
fn bluegreen() -> Value {
    yaml(&fs::read_to_string(folder().join("values-bluegreen.yaml")).unwrap())
}

fn with(mut values: Value, overlay: Value) -> Value {
    merge(&mut values, &overlay);
    values
}

fn config(documents: &BTreeMap<String, Value>) -> String {
    documents["configmap.yaml"]["data"]["foxtrot.toml"].as_str().unwrap().to_owned()
}

/// Checks a configuration as the pod would find it: with its secrets, which are elsewhere here.
fn check(config: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    let authority = Ca::new();
    let identity = authority.server(&["shop"]);
    fs::copy(&identity.cert_path, folder.path().join("tls.crt")).unwrap();
    fs::copy(&identity.key_path, folder.path().join("tls.key")).unwrap();
    fs::write(folder.path().join("token"), "not-a-secret").unwrap();
    let config = config.replace("/var/run/secrets/foxtrot", at).replace("/etc/foxtrot-tls", at);
    let file = folder.path().join("foxtrot.toml");
    fs::write(&file, config).unwrap();
    let exit = run_binary("foxtrot", &["check", "--config", file.to_str().unwrap()], &[]);
    if exit.code == Some(0) { Ok(()) } else { Err(exit.output) }
}
