//! A sink that remembers, for the tests of all formats.

use std::ops::ControlFlow;

use super::{File, Sink};

pub(super) type Pair = (Vec<u8>, Vec<u8>);

#[derive(Debug, PartialEq)]
pub(super) struct Collected {
    pub(super) args: Vec<Pair>,
    pub(super) cookies: Vec<Pair>,
    pub(super) files: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    pub(super) part_names: Vec<Vec<u8>>,
    pub(super) part_filenames: Vec<Vec<u8>>,
    pub(super) part_headers: Vec<Pair>,
    pub(super) text: Vec<u8>,
    pub(super) attributes: Vec<Vec<u8>>,
    pub(super) args_max: usize,
}

impl Default for Collected {
    fn default() -> Self {
        Self {
            args: Vec::new(),
            cookies: Vec::new(),
            files: Vec::new(),
            part_names: Vec::new(),
            part_filenames: Vec::new(),
            part_headers: Vec::new(),
            text: Vec::new(),
            attributes: Vec::new(),
            args_max: usize::MAX,
        }
    }
}

impl Sink for Collected {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> ControlFlow<()> {
        if self.args.len() == self.args_max {
            return ControlFlow::Break(());
        }
        self.args.push((name.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    }

    fn cookie(&mut self, name: &[u8], value: &[u8]) {
        self.cookies.push((name.to_vec(), value.to_vec()));
    }

    fn file(&mut self, file: File<'_>) {
        self.files.push((file.field.to_vec(), file.filename.to_vec(), file.content.to_vec()));
    }

    fn part_name(&mut self, name: &[u8]) {
        self.part_names.push(name.to_vec());
    }

    fn part_filename(&mut self, filename: &[u8]) {
        self.part_filenames.push(filename.to_vec());
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) {
        self.part_headers.push((part.to_vec(), line.to_vec()));
    }

    fn xml_text(&mut self, piece: &[u8]) {
        self.text.extend_from_slice(piece);
    }

    fn xml_attribute(&mut self, value: &[u8]) {
        self.attributes.push(value.to_vec());
    }
}
