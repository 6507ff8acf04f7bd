//! The WASI components: compile, wrap, and make sure of what each imports.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};
use wit_component::{ComponentEncoder, DecodedWasm, decode};

use super::module;
use portcullis_test_support::artefact::ComponentArtefact;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::Step;
use portcullis_test_support::tools::stamp::{Stamp, lock};
use portcullis_test_support::tools::{node, rust};

/// A component: the world, and every interface it may import. One more is something a dependency has brought in unasked;
/// one less makes this list a lie.
struct Recipe {
    name: &'static str,
    /// In `dist`.
    file: &'static str,
    imports: &'static [&'static str],
}

const RECIPES: &[Recipe] = &[
    Recipe { name: "gate", file: "portcullis.gate.wasm", imports: &[] },
    Recipe {
        name: "middleware",
        file: "portcullis.middleware.wasm",
        imports: &[
            "wasi:cli/environment@0.2.12",
            "wasi:cli/stderr@0.2.12",
            "wasi:cli/stdout@0.2.12",
            "wasi:clocks/wall-clock@0.2.12",
            "wasi:http/incoming-handler@0.2.12",
            "wasi:http/types@0.2.12",
            "wasi:io/error@0.2.12",
            "wasi:io/streams@0.2.12",
            "wasi:random/random@0.2.12",
        ],
    },
    Recipe {
        name: "proxy",
        file: "portcullis.reverse-proxy.wasm",
        imports: &[
            "wasi:cli/environment@0.2.12",
            "wasi:cli/stderr@0.2.12",
            "wasi:cli/stdout@0.2.12",
            "wasi:clocks/monotonic-clock@0.2.12",
            "wasi:clocks/wall-clock@0.2.12",
            "wasi:http/outgoing-handler@0.2.12",
            "wasi:http/types@0.2.12",
            "wasi:io/error@0.2.12",
            "wasi:io/poll@0.2.12",
            "wasi:io/streams@0.2.12",
            "wasi:random/random@0.2.12",
        ],
    },
];

/// Builds every component into `dist`. Those whose inputs have not changed are left as they are.
///
/// # Errors
///
/// If a tool fails, or a component imports anything else than its world is meant to.
pub(crate) fn component(step: &Step) -> Result<Vec<ComponentArtefact>> {
    rust::targets(step)?;
    let tools = node::npm(step)?;
    let _lock = lock("component")?;
    let packages: Vec<_> = RECIPES.iter().map(|recipe| format!("portcullis-{}", recipe.name)).collect();
    let packages: Vec<_> = packages.iter().map(String::as_str).collect();
    let modules = module::compile_all(step, &packages, &[])?;
    let dist = root().join("dist");
    fs::create_dir_all(&dist).with_context(|| dist.display().to_string())?;
    let build = |(recipe, module): (&Recipe, &PathBuf)| {
        let path = dist.join(recipe.file);
        package(step, recipe, module, &tools, &path)?;
        measure(recipe, path)
    };
    RECIPES.iter().zip(&modules).map(build).collect()
}

/// Writes a component to `path` if it imports what it should, unless it was made of the same inputs already.
fn package(step: &Step, recipe: &Recipe, compiled: &Path, tools: &Path, path: &Path) -> Result<()> {
    let work = target("build").join("component").join(recipe.name);
    fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let npm_lock = root().join("tests").join("support").join("npm").join("package-lock.json");
    let recipes = [RECIPE, module::RECIPE, MANIFEST].concat();
    let stamp = Stamp::new(&work, &[&read(compiled)?, &read(&npm_lock)?, recipes.as_bytes()]);
    if stamp.matches() && path.is_file() {
        return Ok(());
    }
    let smaller = work.join("module.wasm");
    // It keeps the section that describes the world.
    module::optimise(step, tools, compiled, &smaller, &["-O3"])?;
    let wasm = encode(&smaller)?;
    let imports = imports(&wasm)?;
    if imports != recipe.imports {
        bail!(
            "the component `{}` imports\n  {}\nbut should import\n  {}",
            recipe.name,
            imports.join("\n  "),
            recipe.imports.join("\n  ")
        );
    }
    fs::write(path, &wasm).with_context(|| path.display().to_string())?;
    stamp.set()
}

/// This file, and the version of what wraps a module: a change of either counts as a change of the inputs.
const RECIPE: &str = include_str!("component.rs");
const MANIFEST: &str = include_str!("../../Cargo.toml");

fn measure(recipe: &Recipe, path: PathBuf) -> Result<ComponentArtefact> {
    let (wasm_bytes, wasm_gzip_bytes) = module::sizes(&path)?;
    let imports = imports(&fs::read(&path)?)?;
    Ok(ComponentArtefact { name: recipe.name.to_string(), path, wasm_bytes, wasm_gzip_bytes, imports })
}

/// Makes a component of a core module, which carries the description of its world in a section.
fn encode(module: &Path) -> Result<Vec<u8>> {
    let core = fs::read(module).with_context(|| module.display().to_string())?;
    ComponentEncoder::default().validate(true).module(&core)?.encode()
}

/// Builds the example's service, which answers with what it received, and puts the middleware in front of it; the file.
///
/// # Errors
///
/// If something does not build.
pub(crate) fn guarded_service(step: &Step) -> Result<PathBuf> {
    let components = component(step)?;
    let middleware = components.iter().find(|component| component.name == "middleware");
    let middleware = middleware.context("no component `middleware`")?;
    let dir = target("component");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let (inner, composed) = (dir.join("echo.wasm"), dir.join("guarded.wasm"));
    service(step, "portcullis-example-echo", &inner)?;
    compose(&middleware.path, &inner, &composed)?;
    Ok(composed)
}

/// Builds a crate that implements `wasi:http/proxy` as a component.
///
/// # Errors
///
/// If it does not compile, or is no component.
fn service(step: &Step, package: &str, path: &Path) -> Result<()> {
    let wasm = encode(&module::compile(step, package, &[])?)?;
    fs::write(path, wasm).with_context(|| path.display().to_string())
}

/// Puts `gate`, of the world `middleware`, in front of a `wasi:http` service, as `wac plug` does; `path` receives the
/// two as one component.
///
/// # Errors
///
/// If the service does not export `wasi:http/incoming-handler`.
fn compose(gate: &Path, service: &Path, path: &Path) -> Result<()> {
    let mut graph = CompositionGraph::new();
    let mut register = |name: &str, file: &Path| {
        let package = Package::from_file(name, None, file, graph.types_mut())?;
        Ok::<_, anyhow::Error>(graph.register_package(package)?)
    };
    let (socket, inner) =
        (register("portcullis:middleware", gate)?, register("portcullis:service", service)?);
    plug(&mut graph, vec![inner], socket)
        .with_context(|| format!("{} is no wasi:http service", service.display()))?;
    let wasm = graph.encode(EncodeOptions::default())?;
    // Otherwise the composition has gone past the gate, or still waits for a service.
    if imports(&wasm)?.iter().any(|name| name.starts_with(HANDLER)) {
        bail!("{} was not plugged in", service.display());
    }
    fs::write(path, wasm).with_context(|| path.display().to_string())
}

/// The interface of a `wasi:http` service, without its version.
const HANDLER: &str = "wasi:http/incoming-handler@";

/// What a component imports, as its binary says: interfaces in the order of their names.
fn imports(wasm: &[u8]) -> Result<Vec<String>> {
    let DecodedWasm::Component(resolve, world) = decode(wasm)? else {
        bail!("not a component");
    };
    let mut names: Vec<_> =
        resolve.worlds[world].imports.keys().map(|key| resolve.name_world_key(key)).collect();
    names.sort();
    Ok(names)
}
