//! Findings as text frames in the manner of rustc: message, file, line, column, the line itself, and what to do.

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
    normalize_untrusted_str as clean,
};

use super::{Finding, Report};
use crate::config::document::Location;

impl Report {
    /// One frame per finding, with an empty line between.
    pub(super) fn render(&self, renderer: &Renderer) -> String {
        let frames = self.findings.iter().map(|finding| renderer.render(&[self.group(finding)]));
        frames.collect::<Vec<_>>().join("\n\n")
    }

    fn group<'a>(&'a self, finding: &'a Finding) -> Group<'a> {
        let title = Level::ERROR.primary_title(clean(&finding.problem.to_string()));
        let mut group = title.element(self.frame(&finding.location, AnnotationKind::Primary, None));
        if let Some((location, label)) = &finding.also {
            group = group.element(self.frame(location, AnnotationKind::Context, Some(label)));
        }
        match &finding.problem.help {
            Some(help) => group.element(Level::HELP.message(clean(help))),
            None => group,
        }
    }

    /// The first line of a place, marked. A place without text, as a file that cannot be read, is named only.
    fn frame<'a>(
        &'a self,
        location: &Location,
        kind: AnnotationKind,
        label: Option<&'a str>,
    ) -> Element<'a> {
        let (name, line, column) = self.sources.position(location);
        let source = self.sources.source(location.file).filter(|source| !source.text.is_empty());
        let Some(source) = source else { return Origin::path(name).into() };
        let (text, span) = source.excerpt(&location.span);
        if text.is_empty() {
            return Origin::path(name).line(line).char_column(column).into();
        }
        let mark: Annotation<'a> = kind.span(span).label(label);
        Snippet::source(text).path(name).line_start(line).annotation(mark).into()
    }
}
