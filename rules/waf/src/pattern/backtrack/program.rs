//! From what a pattern says to instructions.

mod repeat;

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{
    super::{Case, GROUPS},
    code::{Arm, Behind, Group, Inst},
    parse::{Parsed, parse},
    set::ByteSet,
    start::{self, Starts},
    syntax::{Around, Direction, Fold, Node},
};

/// A compiled pattern.
#[derive(Debug)]
pub struct Program {
    pub(super) code: Vec<Inst>,
    pub(super) sets: Vec<ByteSet>,
    /// The text of literals.
    pub(super) text: Vec<u8>,
    pub(super) behinds: Vec<Behind>,
    /// How many places are remembered.
    pub(super) slots: usize,
    /// The groups that are reported, from number 1 on.
    pub(super) groups: Vec<Group>,
    /// The slot of where the match is to begin.
    pub(super) keep: Option<u32>,
    pub(super) starts: Starts,
}

/// Instructions of one pattern.
const CODE_MAX: usize = 1 << 16;

impl Program {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and at which byte.
    pub fn new(pattern: &[u8], case: Case) -> Result<Self, String> {
        let parsed = parse(pattern)?;
        let mut compiler = Compiler::new(&parsed, case);
        compiler.node(&parsed.root)?;
        compiler.emit(Inst::Accept)?;
        let mut program = compiler.program;
        program.starts = start::of(&program);
        start::possess(&mut program);
        Ok(program)
    }
}

struct Compiler<'p> {
    program: Program,
    references: &'p [u32],
    case: Case,
    set_numbers: HashMap<ByteSet, u16, FixedState>,
    /// The slots of the groups that something reads.
    groups: HashMap<u32, Group, FixedState>,
}

impl<'p> Compiler<'p> {
    fn new(parsed: &'p Parsed, case: Case) -> Self {
        let program = Program {
            code: Vec::new(),
            sets: Vec::new(),
            text: Vec::new(),
            behinds: Vec::new(),
            slots: 0,
            groups: Vec::new(),
            keep: None,
            starts: Starts::Anywhere,
        };
        let mut compiler = Self {
            program,
            references: &parsed.references,
            case,
            set_numbers: HashMap::default(),
            groups: HashMap::default(),
        };
        let reported = parsed.groups.min(GROUPS as u32 - 1);
        compiler.program.groups = (1..=reported).map(|number| compiler.group(number)).collect();
        for number in &parsed.references {
            compiler.group(*number);
        }
        compiler
    }

    /// The slots of a group that something reads.
    fn group(&mut self, number: u32) -> Group {
        let slots = &mut self.program.slots;
        *self.groups.entry(number).or_insert_with(|| {
            *slots += Group::SLOTS;
            Group::at(*slots - Group::SLOTS)
        })
    }

    fn slot(&mut self) -> u32 {
        self.program.slots += 1;
        self.program.slots as u32 - 1
    }

    fn here(&self) -> u32 {
        self.program.code.len() as u32
    }

    fn emit(&mut self, inst: Inst) -> Result<usize, String> {
        let at = self.program.code.len();
        if at == CODE_MAX {
            return Err(format!("pattern needs more than {CODE_MAX} instructions"));
        }
        self.program.code.push(inst);
        Ok(at)
    }

    /// Replaces an instruction that waited for a place further on to be known.
    fn settle(&mut self, at: usize, inst: Inst) {
        if let Some(waiting) = self.program.code.get_mut(at) {
            *waiting = inst;
        }
    }

    fn set(&mut self, set: ByteSet) -> u16 {
        let sets = &mut self.program.sets;
        *self.set_numbers.entry(set).or_insert_with(|| {
            sets.push(set);
            // No more than instructions.
            (sets.len() - 1) as u16
        })
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::Empty => Ok(()),
            Node::Byte(..) | Node::Class(_) => self.one(node),
            Node::Assert(assertion) => self.emit(Inst::Assert(*assertion)).map(drop),
            Node::Capture(number, body) => self.capture(*number, body),
            Node::Atomic(body) => self.atomic(|compiler| compiler.node(body)),
            Node::Around(around) => self.around(around),
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Concat(nodes) => self.concat(nodes),
            Node::Alternate(nodes) => self.alternate(nodes),
            Node::Backref(reference, fold) => self.backref(*reference, *fold),
            Node::Keep => self.keep(),
        }
    }

    /// The byte that is meant, where it is only one.
    fn exact(&self, node: &Node) -> Option<u8> {
        let Node::Byte(byte, fold) = node else { return None };
        let cased = byte.is_ascii_alphabetic() && fold.case(self.case) == Case::Insensitive;
        (!cased).then_some(*byte)
    }

    /// The set that is meant, where one byte is.
    fn bytes(&self, node: &Node) -> Option<ByteSet> {
        match node {
            Node::Byte(byte, fold) => {
                let set = ByteSet::range(*byte, *byte);
                let folds = fold.case(self.case) == Case::Insensitive;
                Some(if folds { set.folded() } else { set })
            }
            Node::Class(class) => Some(class.set(self.case)),
            _ => None,
        }
    }

    fn one(&mut self, node: &Node) -> Result<(), String> {
        let inst = match (self.exact(node), self.bytes(node)) {
            (Some(byte), _) => Inst::Byte(byte),
            (None, Some(set)) => Inst::Set(self.set(set)),
            (None, None) => return Ok(()),
        };
        self.emit(inst).map(drop)
    }

    fn concat(&mut self, nodes: &[Node]) -> Result<(), String> {
        let mut nodes = nodes;
        while let Some((first, behind)) = nodes.split_first() {
            let literal = nodes.iter().map_while(|node| self.exact(node)).collect::<Vec<_>>();
            if literal.len() < 2 {
                self.node(first)?;
                nodes = behind;
                continue;
            }
            nodes = nodes.get(literal.len()..).unwrap_or_default();
            let begin = self.program.text.len() as u32;
            self.program.text.extend_from_slice(&literal);
            self.emit(Inst::Literal { begin, length: literal.len() as u32 })?;
        }
        Ok(())
    }

    fn alternate(&mut self, nodes: &[Node]) -> Result<(), String> {
        let mut ends = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            if number + 1 == nodes.len() {
                self.node(node)?;
                break;
            }
            let split = self.emit(Inst::Accept)?;
            let first = self.here();
            self.node(node)?;
            ends.push(self.emit(Inst::Accept)?);
            self.settle(split, Inst::Split(first, self.here()));
        }
        let end = self.here();
        ends.into_iter().for_each(|at| self.settle(at, Inst::Jump(end)));
        Ok(())
    }

    fn capture(&mut self, number: u32, body: &Node) -> Result<(), String> {
        let Some(group) = self.groups.get(&number).copied() else { return self.node(body) };
        self.emit(Inst::Mark(group.open()))?;
        self.node(body)?;
        self.emit(Inst::Close(group)).map(drop)
    }

    fn backref(&mut self, reference: usize, fold: Fold) -> Result<(), String> {
        let group = self.references.get(reference).and_then(|number| self.groups.get(number));
        let Some(group) = group.copied() else { return Ok(()) };
        self.emit(Inst::Backref(group, fold.case(self.case))).map(drop)
    }

    fn keep(&mut self) -> Result<(), String> {
        let slot = match self.program.keep {
            Some(slot) => slot,
            None => self.slot(),
        };
        self.program.keep = Some(slot);
        self.emit(Inst::Mark(slot)).map(drop)
    }

    fn atomic(&mut self, body: impl FnOnce(&mut Self) -> Result<(), String>) -> Result<(), String> {
        let atomic = self.emit(Inst::Accept)?;
        body(self)?;
        self.emit(Inst::AcceptAtomic)?;
        self.settle(atomic, Inst::Atomic { next: self.here() });
        Ok(())
    }

    fn around(&mut self, around: &Around) -> Result<(), String> {
        let negative = around.negative;
        if around.direction == Direction::Behind {
            return self.behind(negative, &around.body);
        }
        let ahead = self.emit(Inst::Accept)?;
        self.node(&around.body)?;
        self.emit(Inst::Accept)?;
        self.settle(ahead, Inst::Ahead { negative, next: self.here() });
        Ok(())
    }

    fn behind(&mut self, negative: bool, body: &Node) -> Result<(), String> {
        let at = self.emit(Inst::Accept)?;
        let nodes = match body {
            Node::Alternate(nodes) => nodes.as_slice(),
            body => std::slice::from_ref(body),
        };
        let mut arms = Vec::with_capacity(nodes.len());
        for node in nodes {
            let (begin, width) = (self.here(), node.width());
            self.node(node)?;
            self.emit(Inst::Accept)?;
            arms.push(Arm { begin, min: width.min, max: width.max.unwrap_or(width.min) });
        }
        let next = self.here();
        self.settle(at, Inst::Behind(self.program.behinds.len() as u32));
        self.program.behinds.push(Behind { negative, arms, next });
        Ok(())
    }
}
