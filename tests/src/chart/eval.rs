//! Trees of templates as text: Go's control flow, and of Helm's functions those that the chart calls.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parse::{Node, Pipe, Term};

/// Text of a template whose dot and root are `root`.
pub(super) fn render(
    nodes: &[Node],
    defines: &BTreeMap<String, Vec<Node>>,
    root: &Value,
) -> Result<String, String> {
    let mut scope = Scope { defines, variables: vec![("$".to_owned(), root.clone())] };
    let mut out = String::new();
    scope.nodes(nodes, root, &mut out)?;
    Ok(out)
}

struct Scope<'a> {
    defines: &'a BTreeMap<String, Vec<Node>>,
    /// Innermost last.
    variables: Vec<(String, Value)>,
}

impl Scope<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value, out: &mut String) -> Result<(), String> {
        let outer = self.variables.len();
        for node in nodes {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Print(pipe) => out.push_str(&text(&self.pipe(pipe, dot)?)?),
                Node::Assign(name, pipe) => {
                    let value = self.pipe(pipe, dot)?;
                    self.variables.push((name.clone(), value));
                }
                Node::If(branches) => self.branch(branches, dot, out)?,
                Node::Range(list, body) => {
                    let list = self.pipe(list, dot)?;
                    let list = list.as_array().ok_or_else(|| format!("no list: {list}"))?;
                    list.iter().try_for_each(|item| self.nodes(body, item, out))?;
                }
            }
        }
        self.variables.truncate(outer);
        Ok(())
    }

    fn branch(
        &mut self,
        branches: &[(Option<Pipe>, Vec<Node>)],
        dot: &Value,
        out: &mut String,
    ) -> Result<(), String> {
        for (condition, nodes) in branches {
            let holds = match condition {
                Some(condition) => is_true(&self.pipe(condition, dot)?),
                None => true,
            };
            if holds {
                return self.nodes(nodes, dot, out);
            }
        }
        Ok(())
    }

    fn pipe(&self, pipe: &Pipe, dot: &Value) -> Result<Value, String> {
        let mut last = None;
        for call in pipe {
            last = Some(self.call(call, last, dot)?);
        }
        last.ok_or_else(|| "an empty pipe".to_owned())
    }

    fn call(&self, call: &[Term], last: Option<Value>, dot: &Value) -> Result<Value, String> {
        let (first, rest) = call.split_first().ok_or("an empty call")?;
        let Term::Function(name) = first else {
            return match (rest, &last) {
                ([], None) => self.term(first, dot),
                _ => Err(format!("no function: {first:?}")),
            };
        };
        let arguments = rest.iter().map(|term| self.term(term, dot)).collect::<Result<Vec<_>, _>>();
        let mut arguments = arguments?;
        arguments.extend(last);
        self.function(name, &arguments)
    }

    fn term(&self, term: &Term, dot: &Value) -> Result<Value, String> {
        let (mut value, fields) = match term {
            Term::Literal(value) => return Ok(value.clone()),
            Term::Pipe(pipe) => return self.pipe(pipe, dot),
            Term::Function(name) => return self.function(name, &[]),
            Term::Path(None, fields) => (dot, fields),
            Term::Path(Some(name), fields) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                (&found.ok_or_else(|| format!("no variable {name}"))?.1, fields)
            }
        };
        for field in fields {
            value = match value {
                Value::Object(object) => object.get(field).unwrap_or(&Value::Null),
                _ => return Err(format!("{value} has no fields: {field}")),
            };
        }
        Ok(value.clone())
    }

    fn function(&self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        if let ("include", [Value::String(name), dot]) = (name, arguments) {
            let nodes = self.defines.get(name).ok_or_else(|| format!("no template {name}"))?;
            return render(nodes, self.defines, dot).map(Value::from);
        }
        function(name, arguments)
    }
}

fn function(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let wrong = || Err(format!("{name} of {arguments:?} is not known"));
    Ok(match (name, arguments) {
        ("fail", [Value::String(why)]) => return Err(why.clone()),
        ("list", items) => items.to_vec().into(),
        ("not", [value]) => (!is_true(value)).into(),
        ("and", values) => {
            values.iter().find(|v| !is_true(v)).or(values.last()).cloned().ok_or("and")?
        }
        ("or", values) => {
            values.iter().find(|v| is_true(v)).or(values.last()).cloned().ok_or("or")?
        }
        ("eq", [a, b]) => (a == b).into(),
        ("ne", [a, b]) => (a != b).into(),
        ("lt", [a, b]) => (whole(a)? < whole(b)?).into(),
        ("gt", [a, b]) => (whole(a)? > whole(b)?).into(),
        ("int", [value]) => whole(value)?.into(),
        ("add", values) => values.iter().map(whole).sum::<Result<i64, _>>()?.into(),
        ("sub", [a, b]) => (whole(a)? - whole(b)?).into(),
        ("index", [Value::Array(items), at]) => {
            let at = usize::try_from(whole(at)?).map_err(|problem| problem.to_string())?;
            items.get(at).cloned().ok_or("an index beyond the end")?
        }
        ("has", [item, Value::Array(items)]) => items.contains(item).into(),
        ("default", [fallback, value]) => if is_true(value) { value } else { fallback }.clone(),
        ("quote" | "toJson" | "toYaml", [value]) => value.to_string().into(),
        ("printf", [Value::String(format), values @ ..]) => printf(format, values)?.into(),
        ("nindent", [by, Value::String(text)]) => {
            let by =
                " ".repeat(usize::try_from(whole(by)?).map_err(|problem| problem.to_string())?);
            format!("\n{by}{}", text.replace('\n', &format!("\n{by}"))).into()
        }
        ("trunc", [most, Value::String(text)]) => {
            let most = usize::try_from(whole(most)?).map_err(|problem| problem.to_string())?;
            text.get(..most).unwrap_or(text).into()
        }
        ("trimSuffix", [Value::String(suffix), Value::String(text)]) => {
            text.strip_suffix(suffix.as_str()).unwrap_or(text).into()
        }
        _ => return wrong(),
    })
}

fn printf(format: &str, values: &[Value]) -> Result<String, String> {
    let mut values = values.iter();
    let mut parts = format.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (verb, rest) = part.split_at_checked(1).ok_or("a verb is missing")?;
        let value = values.next().ok_or("a value is missing")?;
        match verb {
            "s" => out.push_str(value.as_str().ok_or_else(|| format!("%s of {value}"))?),
            "d" => out.push_str(&whole(value)?.to_string()),
            _ => return Err(format!("%{verb} is not known")),
        }
        out.push_str(rest);
    }
    Ok(out)
}

fn whole(value: &Value) -> Result<i64, String> {
    value.as_i64().ok_or_else(|| format!("no whole number: {value}"))
}

/// As Go has it: what is empty is false.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(format!("{value} is printed")),
    }
}
