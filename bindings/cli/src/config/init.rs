//! `portcullis config init`: a configuration to begin with.

use clap::{Args, ValueEnum};

use crate::output::{Failure, Outcome};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The origin system.
    #[arg(long, value_enum)]
    profile: Profile,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Profile {
    /// AgentFlow and 10xGraph: their routes and roles are known.
    Agentflow,
    /// R2R: its routes, roles and API keys are known.
    R2r,
    /// RAG Modulo: its routes and roles are known.
    RagModulo,
    /// RAGFlow: the routes and roles of its API server are known.
    Ragflow,
    /// RAGFlow v0.24.0: the same of its older server.
    #[value(name = "ragflow-0.24")]
    Ragflow024,
    /// Any other origin: name its routes and roles.
    Generic,
}

/// JSON has no comments: the document goes to standard output as it is, and what it means to standard error.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let (document, explanation) = match arguments.profile {
        Profile::Agentflow => (include_str!("init/agentflow.json"), include_str!("init/agentflow.txt")),
        Profile::R2r => (include_str!("init/r2r.json"), include_str!("init/r2r.txt")),
        Profile::RagModulo => (include_str!("init/rag-modulo.json"), include_str!("init/rag-modulo.txt")),
        Profile::Ragflow => (include_str!("init/ragflow.json"), include_str!("init/ragflow.txt")),
        Profile::Ragflow024 => (include_str!("init/ragflow-0.24.json"), include_str!("init/ragflow.txt")),
        Profile::Generic => (include_str!("init/generic.json"), include_str!("init/generic.txt")),
    };
    Ok(Outcome::success(document).with_notes(explanation.lines().map(str::to_owned).collect()))
}
