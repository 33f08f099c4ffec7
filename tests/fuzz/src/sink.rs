//! A sink that keeps what a body holds, up to a number of arguments.

use std::ops::ControlFlow;

use foxtrot_waf::body::{File, Sink};

/// Something that a body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Arg(Vec<u8>, Vec<u8>),
    Container(Vec<u8>, usize),
    Cookie(Vec<u8>, Vec<u8>),
    File(Vec<u8>, Vec<u8>, Vec<u8>),
    PartName(Vec<u8>),
    PartFilename(Vec<u8>),
    PartHeader(Vec<u8>, Vec<u8>),
    Text(Vec<u8>),
    Attribute(Vec<u8>),
}

/// All that a body holds, in order.
#[derive(Debug)]
pub struct All {
    pub found: Vec<Found>,
    left: usize,
    /// An argument was refused: no other may follow.
    refused: bool,
}

impl All {
    /// A sink that takes so many arguments.
    pub fn of(arguments_max: usize) -> Self {
        Self { found: Vec::new(), left: arguments_max, refused: false }
    }

    /// Names and values of the arguments.
    pub fn arguments(&self) -> Vec<(&[u8], &[u8])> {
        let arguments = self.found.iter();
        arguments
            .filter_map(|found| match found {
                Found::Arg(name, value) => Some((&name[..], &value[..])),
                _ => None,
            })
            .collect()
    }

    /// What was found besides arguments and their containers; neighbouring pieces of text as one.
    pub fn others(&self) -> Vec<Found> {
        let mut others: Vec<Found> = Vec::new();
        for found in &self.found {
            match (others.last_mut(), found) {
                (_, Found::Arg(..) | Found::Container(..)) => {}
                (Some(Found::Text(text)), Found::Text(more)) => text.extend_from_slice(more),
                _ => others.push(found.clone()),
            }
        }
        others
    }

    /// Whether an argument was refused.
    pub fn is_full(&self) -> bool {
        self.refused
    }

    fn room(&mut self) -> ControlFlow<()> {
        assert!(!self.refused, "an argument behind one that was refused");
        if self.left == 0 {
            self.refused = true;
            return ControlFlow::Break(());
        }
        self.left -= 1;
        ControlFlow::Continue(())
    }
}

impl Sink for All {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> ControlFlow<()> {
        self.room()?;
        self.found.push(Found::Arg(name.into(), value.into()));
        ControlFlow::Continue(())
    }

    fn container(&mut self, name: &[u8], members: usize) -> ControlFlow<()> {
        self.room()?;
        self.found.push(Found::Container(name.into(), members));
        ControlFlow::Continue(())
    }

    fn cookie(&mut self, name: &[u8], value: &[u8]) {
        self.found.push(Found::Cookie(name.into(), value.into()));
    }

    fn file(&mut self, file: File<'_>) {
        let File { field, filename, content } = file;
        self.found.push(Found::File(field.into(), filename.into(), content.into()));
    }

    fn part_name(&mut self, name: &[u8]) {
        self.found.push(Found::PartName(name.into()));
    }

    fn part_filename(&mut self, filename: &[u8]) {
        self.found.push(Found::PartFilename(filename.into()));
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) {
        self.found.push(Found::PartHeader(part.into(), line.into()));
    }

    fn xml_text(&mut self, piece: &[u8]) {
        self.found.push(Found::Text(piece.into()));
    }

    fn xml_attribute(&mut self, value: &[u8]) {
        self.found.push(Found::Attribute(value.into()));
    }
}
