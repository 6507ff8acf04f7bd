//! A component of the world `gate` in wasmtime. The interface in `wit/auth.wit` is called as any host would call it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value, json};
use wasmtime::component::{Component, ComponentExportIndex, Instance, Linker, ResourceAny, Val};
use wasmtime::{Engine, Store};

use crate::question::{Bytes, Head, Supply};

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
    /// The decision that waits for a supply.
    pending: Option<Pending>,
}

/// A decision that waits.
enum Pending {
    Record(ResourceAny),
    Body(ResourceAny),
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
    ) -> Result<Result<GateHost, Vec<String>>> {
        let (mut store, instance, interface) = self.instantiate()?;
        let secrets =
            secrets.iter().map(|(name, value)| record([("name", text(name)), ("value", text(value))]));
        let arguments = [bytes(config), Val::List(secrets.collect())];
        match call(&mut store, &instance, &interface, "[static]gate.load", &arguments)? {
            Val::Result(Ok(Some(gate))) => match *gate {
                Val::Resource(gate) => Ok(Ok(GateHost { store, instance, interface, gate, pending: None })),
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
    /// Decides: `{"verdict": …}`, `{"need": {"api_key_record": "<store key>"}}` or `{"need": {"body": <limit>}}`. Members are named
    /// as in `wit/auth.wit`, with underscores.
    ///
    /// # Errors
    ///
    /// If the component traps. The instance is of no more use then: load another.
    pub(crate) fn authorize(&mut self, head: &Head, now: u64) -> Result<Value> {
        let arguments = [Val::Resource(self.gate), self::head(head), Val::U64(now)];
        let step = self.call("[method]gate.authorize", &arguments)?;
        self.step(&step)
    }

    /// Goes on with what was needed last: a step, as [`GateHost::authorize`] returns one.
    ///
    /// # Errors
    ///
    /// As [`GateHost::authorize`]; or if nothing waits for it.
    pub(crate) fn supply(&mut self, supply: &Supply, now: u64) -> Result<Value> {
        match self.pending.take() {
            None => bail!("nothing waits for a supply"),
            Some(Pending::Record(pending)) => {
                let found = match supply {
                    Supply::ApiKeyRecord(Some(record)) => variant("found", Some(bytes(&record.0))),
                    Supply::ApiKeyRecord(None) => variant("not-found", None),
                    Supply::Body(_) => bail!("a record is needed, and no body"),
                    Supply::Unavailable => variant("unavailable", None),
                };
                let arguments = [Val::Resource(pending), found, Val::U64(now)];
                let step = self.call("[static]pending-record.supply", &arguments)?;
                self.step(&step)
            }
            Some(Pending::Body(pending)) => {
                let body = match supply {
                    Supply::Body(body) => Some(Box::new(bytes(&body.0))),
                    Supply::ApiKeyRecord(_) => bail!("a body is needed, and no record"),
                    Supply::Unavailable => None,
                };
                let arguments = [Val::Resource(pending), Val::Option(body), Val::U64(now)];
                let verdict = self.call("[static]pending-body.supply", &arguments)?;
                Ok(json!({"verdict": to_json(&verdict)?}))
            }
        }
    }

    /// A step as JSON. What waits is kept for the supply.
    fn step(&mut self, step: &Val) -> Result<Value> {
        let need = match step {
            Val::Variant(case, Some(need)) if case == "need" => need.as_ref(),
            _ => return to_json(step),
        };
        let Val::Variant(kind, Some(resource)) = need else { bail!("a need that is none: {need:?}") };
        let Val::Resource(resource) = **resource else { bail!("a need without a decision: {need:?}") };
        let (pending, asked, name) = match kind.as_str() {
            "api-key-record" => {
                (Pending::Record(resource), "[method]pending-record.store-key", "api_key_record")
            }
            "body" => (Pending::Body(resource), "[method]pending-body.limit", "body"),
            _ => bail!("an unknown need: {kind}"),
        };
        let wanted = to_json(&self.call(asked, &[Val::Resource(resource)])?)?;
        self.pending = Some(pending);
        Ok(json!({"need": {name: wanted}}))
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
    let pair =
        |(name, value): &(Bytes, Bytes)| record([("name", bytes(&name.0)), ("value", bytes(&value.0))]);
    record([
        ("method", bytes(&head.method.0)),
        ("target", bytes(&head.target.0)),
        ("headers", Val::List(head.headers.iter().map(pair).collect())),
        ("shows-connection", Val::Bool(true)),
        ("request-id", text(&head.request_id)),
    ])
}

fn variant(case: &str, payload: Option<Val>) -> Val {
    Val::Variant(case.to_string(), payload.map(Box::new))
}

fn bytes(bytes: &[u8]) -> Val {
    Val::List(bytes.iter().copied().map(Val::U8).collect())
}

fn text(text: &str) -> Val {
    Val::String(text.to_string())
}

fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

/// A value of the interface as JSON: records and variants as objects, enums as text, names with underscores.
fn to_json(value: &Val) -> Result<Value> {
    let name = |name: &str| name.replace('-', "_");
    Ok(match value {
        Val::Bool(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::U64(value) => json!(value),
        Val::String(value) => json!(value),
        Val::Enum(case) => json!(name(case)),
        Val::List(values) => values.iter().map(to_json).collect::<Result<Value>>()?,
        Val::Option(value) => value.as_deref().map_or(Ok(Value::Null), to_json)?,
        Val::Record(fields) => {
            let field = |(field, value): &(String, Val)| Ok((name(field), to_json(value)?));
            Value::Object(fields.iter().map(field).collect::<Result<Map<_, _>>>()?)
        }
        Val::Variant(case, payload) => {
            let payload = payload.as_deref().map_or(Ok(Value::Null), to_json)?;
            Value::Object(Map::from_iter([(name(case), payload)]))
        }
        other => bail!("a value that the interface does not have: {other:?}"),
    })
}
