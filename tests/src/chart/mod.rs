//! Renders a Helm chart where there is no Helm: as much of Go's templates as the chart in conf/kubernetes uses.
//!
//! What it does not know is an error, never left out; so is printing what is not there, of which Helm makes an empty string.
//! `toYaml` writes JSON, which is YAML. Schemas are not applied: Helm does that before it renders.

mod eval;
mod parse;

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use parse::Node;

/// A chart: its templates, its named templates and its own values.
pub struct Chart {
    templates: BTreeMap<String, Vec<Node>>,
    defines: BTreeMap<String, Vec<Node>>,
    /// `values.yaml`.
    pub values: Value,
    about: Value,
}

impl Chart {
    /// Reads a folder.
    pub fn load(folder: &Path) -> Self {
        let mut chart = Self {
            templates: BTreeMap::new(),
            defines: BTreeMap::new(),
            values: yaml(&read(&folder.join("values.yaml"))),
            about: yaml(&read(&folder.join("Chart.yaml"))),
        };
        for file in fs::read_dir(folder.join("templates")).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            let nodes = parse::template(&read(&file), &mut chart.defines)
                .unwrap_or_else(|problem| panic!("{name}: {problem}"));
            if !name.starts_with('_') {
                chart.templates.insert(name, nodes);
            }
        }
        chart
    }

    /// Renders for a release that is called `shop`: the documents by the file that they came from.
    pub fn render(&self, overlay: &Value) -> Result<BTreeMap<String, Value>, String> {
        let mut values = self.values.clone();
        merge(&mut values, overlay);
        let about = &self.about;
        let root = json!({
            "Values": values,
            "Release": { "Name": "shop", "Namespace": "web" },
            "Chart": { "Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"] },
        });
        let mut documents = BTreeMap::new();
        for (name, nodes) in &self.templates {
            let text = eval::render(nodes, &self.defines, &root)
                .map_err(|problem| format!("{name}: {problem}"))?;
            if !text.trim().is_empty() {
                documents.insert(name.clone(), yaml(&text));
            }
        }
        Ok(documents)
    }
}

/// Reads a document of YAML.
pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

/// Values of an overlay go before those of the chart, key by key; a list replaces a list.
pub fn merge(values: &mut Value, overlay: &Value) {
    match (values, overlay) {
        (Value::Object(values), Value::Object(overlay)) => {
            for (key, value) in overlay {
                merge(values.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (values, overlay) => *values = overlay.clone(),
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|problem| panic!("{file:?}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Result<String, String> {
        let mut defines = BTreeMap::new();
        let nodes = parse::template(text, &mut defines)?;
        eval::render(
            &nodes,
            &defines,
            &json!({ "a": { "b": 3 }, "l": ["x", "y"], "e": "", "t": true }),
        )
    }

    /// Expectations are what Go's own engine with Helm's functions makes of these.
    #[test]
    fn templates_render_as_by_go() {
        for (template, expected) in [
            ("a {{- .a.b -}} b", "a3b"),
            ("{{ if .e }}1{{ else if .t }}2{{ else }}3{{ end }}", "2"),
            ("{{ if not .e }}1{{ end }}", "1"),
            ("{{ range .l }}<{{ . }}{{ $.a.b }}>{{ end }}", "<x3><y3>"),
            ("{{ $x := .a }}{{ $x.b }}", "3"),
            ("{{ define \"n\" }}[{{ .b }}]{{ end }}{{ include \"n\" .a | quote }}", "\"[3]\""),
            ("{{ .e | default \"d\" }}", "d"),
            ("{{ .l | toJson }}", "[\"x\",\"y\"]"),
            ("{{ if and (eq .a.b 3) (has \"y\" .l) }}ok{{ end }}", "ok"),
            ("{{ printf \"%s-%d\" \"a\" .a.b }}", "a-3"),
            ("{{ add 1 2 3 }} {{ sub 5 .a.b }} {{ index .l 1 }}", "6 2 y"),
            ("k:{{ \"a\\nb\" | nindent 2 }}", "k:\n  a\n  b"),
            ("{{ \"abc-\" | trunc 4 | trimSuffix \"-\" }}", "abc"),
            ("{{- /* a comment */ -}} x", "x"),
        ] {
            assert_eq!(rendered(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for template in [
            "{{ .a.c }}",
            "{{ .l.x }}",
            "{{ lookup \"v1\" }}",
            "{{ if .t }}",
            "{{ end }}",
            "{{ include \"none\" . }}",
            "{{ $none }}",
            "{{ fail \"said\" }}",
            "{{ \"open }}",
            "{{ (eq 1 1 }}",
        ] {
            assert!(rendered(template).is_err(), "{template}: {:?}", rendered(template));
        }
        assert_eq!(rendered("{{ fail \"said\" }}"), Err("said".to_owned()));
    }
}
