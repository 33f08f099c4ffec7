//! Where a cluster's endpoints come from: its origins, and how each is spoken to.

use std::sync::Arc;

use super::{
    settings::Problem,
    tls::{Client, Files, Transport},
};
use crate::config::{self, ClusterTls, Origin, UpstreamProtocol};

/// An origin of a cluster.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) origin: Arc<Origin>,
    pub(super) transport: Arc<Transport>,
}

/// What transports are made from. Where it is equal, the previous configuration's are kept, and connections with them.
#[derive(Debug, PartialEq)]
pub(super) struct MadeFrom {
    protocol: UpstreamProtocol,
    tls: ClusterTls,
    files: Files,
}

impl MadeFrom {
    /// Reads what the configuration names.
    pub(super) fn read(config: &config::Cluster) -> Result<Self, Vec<Problem>> {
        let files = Files::read(&config.tls)?;
        Ok(Self { protocol: config.protocol, tls: config.tls.clone(), files })
    }
}

/// Compiles the origins; transports of those `known` are kept.
pub(super) fn compile(
    config: &config::Cluster,
    made_from: &MadeFrom,
    known: &[Source],
) -> Result<Vec<Source>, Vec<Problem>> {
    let client = client(config, &made_from.files).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut sources: Vec<Source> = Vec::new();
    for origin in &config.endpoints {
        let same = |source: &&Source| *source.origin == *origin;
        if sources.iter().any(|source| same(&source)) {
            continue;
        }
        let transport = match known.iter().find(same) {
            Some(known) => Ok(known.transport.clone()),
            None => transport(config, client.as_ref(), origin).map(Arc::new),
        };
        match transport {
            Ok(transport) => sources.push(Source { origin: Arc::new(origin.clone()), transport }),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}

/// Files are compiled even where no origin uses them: what is accepted must be sound.
fn client(config: &config::Cluster, files: &Files) -> Result<Option<Client>, Problem> {
    let tls = &config.tls;
    let named = tls.ca.is_some() || tls.cert.is_some() || tls.key.is_some();
    let needed = named || config.endpoints.iter().any(|origin| origin.https);
    needed.then(|| Client::compile(config.protocol, tls, files)).transpose()
}

fn transport(
    config: &config::Cluster,
    client: Option<&Client>,
    origin: &Origin,
) -> Result<Transport, Problem> {
    let tls = client
        .filter(|_| origin.https)
        .map(|client| client.to_origin(&config.tls, origin))
        .transpose()?;
    Ok(Transport { protocol: config.protocol, tls })
}
