//! Statements as text: with places, to be compared by eye, and as SecLang, to be read again.

use crate::seclang::ast::{
    Action, Kind, Modifier, Operator, Place, Selector, Statement, Target, Text, Which,
};

/// One line for the statement and one for each of its parts, each with its place.
pub(super) fn with_places(statement: &Statement) -> String {
    let (title, parts) = match &statement.kind {
        Kind::Rule { targets, operator: op, actions } => {
            let parts = targets.iter().map(target).chain([operator(op)]);
            ("rule".to_owned(), parts.chain(actions.iter().map(action)).collect())
        }
        Kind::Action(list) => ("action".to_owned(), list.iter().map(action).collect::<Vec<_>>()),
        Kind::DefaultAction(list) => {
            ("default action".to_owned(), list.iter().map(action).collect())
        }
        Kind::Marker(name) => ("marker".to_owned(), vec![text(name)]),
        Kind::UpdateTarget { which, targets, replaced } => {
            let replaced =
                replaced.iter().flatten().map(|old| format!("instead of {}", target(old)));
            let parts = [which_rules(which)].into_iter().chain(targets.iter().map(target));
            ("update target".to_owned(), parts.chain(replaced).collect())
        }
        Kind::UpdateAction { id, link, actions } => {
            (format!("update action {id} link {link}"), actions.iter().map(action).collect())
        }
        Kind::Remove(which) => ("remove".to_owned(), vec![which_rules(which)]),
        Kind::Directive { name, arguments } => {
            (format!("directive {name}"), arguments.iter().map(text).collect())
        }
    };
    let parts: String = parts.iter().map(|part| format!("  {part}\n")).collect();
    format!("{} {title}\n{parts}", at(statement.place))
}

fn at(place: Place) -> String {
    match place.file {
        0 => format!("{}:{}", place.line, place.column),
        file => format!("#{file}:{}:{}", place.line, place.column),
    }
}

fn text(text: &Text) -> String {
    format!("{} [{}]", at(text.place), String::from_utf8_lossy(&text.bytes))
}

fn target(target: &Target) -> String {
    let selector = match &target.selector {
        None => String::new(),
        Some(Selector::Name(name)) => format!(" name {}", text(name)),
        Some(Selector::Pattern(pattern)) => format!(" pattern {}", text(pattern)),
    };
    format!("{} {}{}{selector}", at(target.place), modifier(target.modifier), target.name)
}

fn operator(operator: &Operator) -> String {
    let not = if operator.negated { "!" } else { "" };
    format!("{} {not}@{} {}", at(operator.place), operator.name, text(&operator.argument))
}

fn action(action: &Action) -> String {
    let argument = action.argument.as_ref().map(|argument| format!(" {}", text(argument)));
    format!("{} {}{}", at(action.place), action.name, argument.unwrap_or_default())
}

fn which_rules(which: &Which) -> String {
    match which {
        Which::Ids(ids) => format!("ids {ids:?}"),
        Which::Tag(tag) => format!("tag {}", text(tag)),
        Which::Message(message) => format!("message {}", text(message)),
    }
}

fn modifier(modifier: Modifier) -> &'static str {
    match modifier {
        Modifier::Values => "",
        Modifier::Count => "&",
        Modifier::Exclude => "!",
    }
}

/// A statement as SecLang, with quotes wherever they may stand, and with `space` where white space may.
pub(super) fn as_written(statement: &Statement, space: &[u8]) -> Vec<u8> {
    let (head, arguments) = match &statement.kind {
        Kind::Rule { targets, operator, actions } => {
            let actions = Some(action_list(actions, space)).filter(|_| !actions.is_empty());
            let words = [target_list(targets, space), operator_as_written(operator)];
            ("SecRule".to_owned(), words.into_iter().chain(actions).collect())
        }
        Kind::Action(actions) => ("SecAction".to_owned(), vec![action_list(actions, space)]),
        Kind::DefaultAction(actions) => {
            ("SecDefaultAction".to_owned(), vec![action_list(actions, space)])
        }
        Kind::Marker(name) => ("SecMarker".to_owned(), vec![name.bytes.clone()]),
        Kind::UpdateTarget { which, targets, replaced } => {
            let (by, which) = which_as_written(which);
            let replaced = replaced.as_ref().map(|replaced| target_list(replaced, space));
            let words = [which, target_list(targets, space)].into_iter().chain(replaced);
            (format!("SecRuleUpdateTargetBy{by}"), words.collect())
        }
        Kind::UpdateAction { id, link, actions } => {
            let id = format!("{id}:{link}").into_bytes();
            ("SecRuleUpdateActionById".to_owned(), vec![id, action_list(actions, space)])
        }
        Kind::Remove(which) => {
            let (by, which) = which_as_written(which);
            (format!("SecRuleRemoveBy{by}"), vec![which])
        }
        Kind::Directive { name, arguments } => {
            (name.clone(), arguments.iter().map(|text| text.bytes.clone()).collect::<Vec<_>>())
        }
    };
    let arguments =
        arguments.iter().map(|argument| [b"\"", &escaped(argument, b'"')[..], b"\""].concat());
    let mut line = [head.into_bytes()].into_iter().chain(arguments).collect::<Vec<_>>().join(space);
    line.push(b'\n');
    line
}

fn target_list(targets: &[Target], space: &[u8]) -> Vec<u8> {
    let each = targets.iter().map(|target| {
        let name = [modifier(target.modifier), &target.name].concat().into_bytes();
        let selector = target.selector.as_ref().map(|selector| match selector {
            Selector::Name(name) => in_single_quotes(&name.bytes),
            Selector::Pattern(pattern) => {
                in_single_quotes(&[b"/", &escaped(&pattern.bytes, b'/')[..], b"/"].concat())
            }
        });
        [name, selector.unwrap_or_default()].concat()
    });
    each.collect::<Vec<_>>().join(&[space, b"|", space].concat()[..])
}

fn operator_as_written(operator: &Operator) -> Vec<u8> {
    let not = if operator.negated { "!" } else { "" };
    let name = format!("{not}@{} ", operator.name).into_bytes();
    [name, operator.argument.bytes.clone()].concat()
}

fn action_list(actions: &[Action], space: &[u8]) -> Vec<u8> {
    let each = actions.iter().map(|action| {
        let value = action.argument.as_ref().map(|value| in_single_quotes(&value.bytes));
        [action.name.clone().into_bytes(), value.unwrap_or_default()].concat()
    });
    each.collect::<Vec<_>>().join(&[space, b",", space].concat()[..])
}

fn which_as_written(which: &Which) -> (&'static str, Vec<u8>) {
    match which {
        Which::Ids(ids) => {
            let ids: Vec<_> = ids.iter().map(|(first, last)| format!("{first}-{last}")).collect();
            ("Id", ids.join(",").into_bytes())
        }
        Which::Tag(tag) => ("Tag", tag.bytes.clone()),
        Which::Message(message) => ("Msg", message.bytes.clone()),
    }
}

fn in_single_quotes(bytes: &[u8]) -> Vec<u8> {
    [b":'", &escaped(bytes, b'\'')[..], b"'"].concat()
}

fn escaped(bytes: &[u8], quote: u8) -> Vec<u8> {
    let escape = |byte: &u8| if *byte == quote { vec![b'\\', *byte] } else { vec![*byte] };
    bytes.iter().flat_map(escape).collect()
}
