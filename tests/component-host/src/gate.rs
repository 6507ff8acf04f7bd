//! A component of the world `gate` in wasmtime. The interface in `wit/auth.wit` is called as any host would call it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use wasmtime::component::{Component, ComponentExportIndex, Instance, Linker, ResourceAny, Val};
use wasmtime::{Engine, Store};

use crate::question::{Head, Supply};
use crate::value::{bytes, pairs, record, text, to_json, variant};

/// The interface that the component exports.
const AUTHORIZATION: &str = "portcullis:auth/authorization@0.1.0";

/// A compiled component, of which any number of gates can be made.
pub(crate) struct GateComponent {
    component: Component,
    linker: Linker<()>,
}

/// A gate in an instance of its own.
pub(crate) struct GateHost {
    store: Store<()>,
    instance: Instance,
    interface: ComponentExportIndex,
    gate: ResourceAny,
    /// Everything that has ever waited for a supply. What was supplied stays: a host that uses its handle twice can be played.
    pending: Vec<(Kind, ResourceAny)>,
}

/// What a resource that waits takes.
#[derive(Clone, Copy)]
enum Kind {
    Record,
    Body,
    Call,
    Wait,
    Refresh,
}

impl GateComponent {
    /// Compiles the component at `path`.
    ///
    /// # Errors
    ///
    /// If it is not a component.
    pub(crate) fn compile(path: &Path) -> Result<Self> {
        let engine = Engine::default();
        let component = Component::from_file(&engine, path)
            .map_err(|error| anyhow!("{error:?}"))
            .with_context(|| path.display().to_string())?;
        // Nothing is defined in it: a component that imports anything cannot be instantiated here.
        let linker = Linker::new(&engine);
        Ok(Self { component, linker })
    }

    /// Makes a gate. The inner error lists what is wrong with the configuration, as `pointer: message`.
    ///
    /// # Errors
    ///
    /// If the component traps, or is not one of the world `gate`.
    pub(crate) fn load(
        &self,
        config: &[u8],
        secrets: &BTreeMap<String, String>,
        calls: &str,
    ) -> Result<Result<GateHost, Vec<String>>> {
        let (mut store, instance, interface) = self.instantiate()?;
        let secrets =
            secrets.iter().map(|(name, value)| record([("name", text(name)), ("value", text(value))]));
        // One gate for each document: it spreads its fetches among no others.
        let (calls, seed) = (Val::Enum(calls.to_string()), Val::U64(0));
        let arguments = [bytes(config), Val::List(secrets.collect()), calls, seed];
        match call(&mut store, &instance, &interface, "[static]gate.load", &arguments)? {
            Val::Result(Ok(Some(gate))) => match *gate {
                Val::Resource(gate) => {
                    Ok(Ok(GateHost { store, instance, interface, gate, pending: Vec::new() }))
                }
                other => bail!("`gate.load` returned {other:?}"),
            },
            Val::Result(Err(Some(errors))) => {
                let errors = to_json(&errors)?;
                let lines = errors.as_array().into_iter().flatten().map(|error| {
                    let part = |name: &str| error[name].as_str().unwrap_or_default().to_string();
                    format!("{}: {}", part("pointer"), part("message"))
                });
                Ok(Err(lines.collect()))
            }
            other => bail!("`gate.load` returned {other:?}"),
        }
    }

    /// The answer while no configuration could be loaded.
    ///
    /// # Errors
    ///
    /// As [`GateComponent::load`].
    pub(crate) fn config_invalid(&self, request_id: &str, now: u64) -> Result<Value> {
        let (mut store, instance, interface) = self.instantiate()?;
        let reason = Val::Enum("config-invalid".to_string());
        let arguments = [reason, head(&Head::of(request_id)), Val::U64(now)];
        let verdict = to_json(&call(&mut store, &instance, &interface, "refused", &arguments)?)?;
        let response = verdict.pointer("/decision/deny");
        response.cloned().with_context(|| format!("`refused` returned {verdict}"))
    }

    fn instantiate(&self) -> Result<(Store<()>, Instance, ComponentExportIndex)> {
        let mut store = Store::new(self.linker.engine(), ());
        let instance =
            self.linker.instantiate(&mut store, &self.component).map_err(|error| anyhow!("{error:?}"))?;
        let interface = instance
            .get_export_index(&mut store, None, AUTHORIZATION)
            .ok_or_else(|| anyhow!("the component does not export {AUTHORIZATION}"))?;
        Ok((store, instance, interface))
    }
}

impl GateHost {
    /// Decides: `{"verdict": …}`, or `{"need": …, "pending": <number>}`, where a need is `{"api_key_record": "<store key>"}`,
    /// `{"body": <limit>}`, `{"call": {…}}` or `{"wait": <milliseconds>}`. Members are named as in `wit/auth.wit`, with
    /// underscores.
    ///
    /// # Errors
    ///
    /// If the component traps. The instance is of no more use then: load another.
    pub(crate) fn authorize(&mut self, head: &Head, now: u64) -> Result<Value> {
        let arguments = [Val::Resource(self.gate), self::head(head), Val::U64(now)];
        let step = self.call("[method]gate.authorize", &arguments)?;
        self.step(&step)
    }

    /// Goes on with what was needed under the number `pending`: a step, as [`GateHost::authorize`] returns one; or the fetch
    /// that follows, as [`GateHost::due`] returns one. A number can be used again, as a host with a defect would.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`]; or if the supply is of another kind.
    pub(crate) fn supply(&mut self, pending: usize, supply: &Supply, now: u64) -> Result<Value> {
        let (kind, resource) = *self.pending.get(pending).context("nothing waits for a supply")?;
        let (function, supply) = supplied(kind, supply)?;
        let arguments = [Val::Resource(resource)].into_iter().chain(supply).chain([Val::U64(now)]);
        let got = self.call(function, &arguments.collect::<Vec<_>>())?;
        match kind {
            Kind::Refresh => self.fetch(&got),
            Kind::Record | Kind::Body | Kind::Call | Kind::Wait => self.step(&got),
        }
    }

    /// What is to be fetched: `{"call": {…}, "pending": <number>}`, or null.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub(crate) fn due(&mut self, now: u64) -> Result<Value> {
        let due = self.call("[method]gate.due", &[Val::Resource(self.gate), Val::U64(now)])?;
        self.fetch(&due)
    }

    /// What there is to tell about sources, as texts.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub(crate) fn notices(&mut self, now: u64) -> Result<Value> {
        to_json(&self.call("[method]gate.notices", &[Val::Resource(self.gate), Val::U64(now)])?)
    }

    /// Drops the gate.
    ///
    /// # Errors
    ///
    /// If it was dropped before.
    pub(crate) fn drop_gate(&mut self) -> Result<Value> {
        self.gate.resource_drop(&mut self.store).map_err(|error| anyhow!("{error:?}"))?;
        Ok(Value::Null)
    }

    /// A step as JSON. What waits is kept for the supply.
    fn step(&mut self, step: &Val) -> Result<Value> {
        let need = match step {
            Val::Variant(case, Some(need)) if case == "need" => need.as_ref(),
            _ => return to_json(step),
        };
        let Val::Variant(kind, Some(resource)) = need else { bail!("a need that is none: {need:?}") };
        let Val::Resource(resource) = **resource else { bail!("a need without a decision: {need:?}") };
        let (kind, asked, name) = match kind.as_str() {
            "api-key-record" => (Kind::Record, "[method]pending-record.store-key", "api_key_record"),
            "body" => (Kind::Body, "[method]pending-body.limit", "body"),
            "call" => (Kind::Call, "[method]pending-call.call", "call"),
            "wait" => (Kind::Wait, "[method]pending-wait.pause-milliseconds", "wait"),
            _ => bail!("an unknown need: {kind}"),
        };
        let wanted = to_json(&self.call(asked, &[Val::Resource(resource)])?)?;
        Ok(json!({"need": {name: wanted}, "pending": self.keep(kind, resource)}))
    }

    /// A fetch as JSON, kept for its reply.
    fn fetch(&mut self, refresh: &Val) -> Result<Value> {
        let resource = match refresh {
            Val::Option(None) => return Ok(Value::Null),
            Val::Option(Some(refresh)) => match **refresh {
                Val::Resource(resource) => resource,
                _ => bail!("a fetch that is none: {refresh:?}"),
            },
            other => bail!("a fetch that is none: {other:?}"),
        };
        let call = to_json(&self.call("[method]refresh.call", &[Val::Resource(resource)])?)?;
        Ok(json!({"call": call, "pending": self.keep(Kind::Refresh, resource)}))
    }

    fn keep(&mut self, kind: Kind, resource: ResourceAny) -> usize {
        self.pending.push((kind, resource));
        self.pending.len() - 1
    }

    /// The answer when the origin cannot be reached.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`].
    pub(crate) fn origin_unreachable(&mut self, head: &Head, now: u64) -> Result<Value> {
        let arguments = [Val::Resource(self.gate), self::head(head), Val::U64(now)];
        to_json(&self.call("[method]gate.origin-unreachable", &arguments)?)
    }

    fn call(&mut self, name: &str, arguments: &[Val]) -> Result<Val> {
        call(&mut self.store, &self.instance, &self.interface, name, arguments)
    }
}

/// The function that takes a supply of this kind, and what it is given besides the resource and the time.
fn supplied(kind: Kind, supply: &Supply) -> Result<(&'static str, Option<Val>)> {
    let reply = match supply {
        Supply::Reply(status, headers, body) => Some(Box::new(record([
            ("status", Val::U16(*status)),
            ("headers", pairs(headers)),
            ("body", bytes(&body.0)),
        ]))),
        _ => None,
    };
    Ok(match (kind, supply) {
        (Kind::Record, Supply::ApiKeyRecord(Some(found))) => {
            ("[static]pending-record.supply", Some(variant("found", Some(bytes(&found.0)))))
        }
        (Kind::Record, Supply::ApiKeyRecord(None)) => {
            ("[static]pending-record.supply", Some(variant("not-found", None)))
        }
        (Kind::Record, Supply::Unavailable) => {
            ("[static]pending-record.supply", Some(variant("unavailable", None)))
        }
        (Kind::Body, Supply::Body(body)) => {
            ("[static]pending-body.supply", Some(Val::Option(Some(Box::new(bytes(&body.0))))))
        }
        (Kind::Body, Supply::Unavailable) => ("[static]pending-body.supply", Some(Val::Option(None))),
        (Kind::Call, Supply::Reply(..) | Supply::Unavailable) => {
            ("[static]pending-call.supply", Some(Val::Option(reply)))
        }
        (Kind::Refresh, Supply::Reply(..) | Supply::Unavailable) => {
            ("[static]refresh.supply", Some(Val::Option(reply)))
        }
        (Kind::Wait, Supply::Again) => ("[static]pending-wait.again", None),
        (Kind::Wait, Supply::Unavailable) => ("[static]pending-wait.give-up", None),
        _ => bail!("it waits for something else than {supply:?}"),
    })
}

/// Calls a function of the interface that returns one value.
fn call(
    store: &mut Store<()>,
    instance: &Instance,
    interface: &ComponentExportIndex,
    name: &str,
    arguments: &[Val],
) -> Result<Val> {
    let index = instance
        .get_export_index(&mut *store, Some(interface), name)
        .ok_or_else(|| anyhow!("{AUTHORIZATION} has no `{name}`"))?;
    let function = instance.get_func(&mut *store, index).ok_or_else(|| anyhow!("`{name}` is no function"))?;
    let mut results = [Val::Bool(false)];
    function.call(&mut *store, arguments, &mut results).map_err(|error| anyhow!("{name}: {error:?}"))?;
    let [result] = results;
    Ok(result)
}

/// A request head of a host that shows `Connection`.
fn head(head: &Head) -> Val {
    record([
        ("method", bytes(&head.method.0)),
        ("target", bytes(&head.target.0)),
        ("headers", pairs(&head.headers)),
        ("shows-connection", Val::Bool(true)),
        ("request-id", text(&head.request_id)),
    ])
}
