//! The same policy in each engine. All are told the permission; ours finds the route first.

use std::cell::RefCell;
use std::error::Error;

use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter, MgmtApi as _};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request as CedarRequest};
use serde_json::{Value, json};

use crate::model::{Model, Request};
use crate::turns::Side;

const CASBIN: &str = "
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
";

const REGO: &str = "
package authz
import rego.v1
default allow := false
allow if data.roles[input.role][input.permission]
";

/// The engines, and each request in the form that they take, made once.
pub(crate) struct Engines {
    casbin: Enforcer,
    cedar: (Authorizer, PolicySet, Entities),
    cedar_requests: Vec<CedarRequest>,
    rego: RefCell<regorus::Engine>,
    rego_inputs: Vec<regorus::Value>,
}

type Failure = Box<dyn Error>;

impl Engines {
    pub(crate) fn new(model: &Model) -> Result<Self, Failure> {
        let rego_input = |request: &Request| {
            let input = json!({"role": request.role, "permission": request.permission});
            regorus::Value::from_json_str(&input.to_string()).map_err(|error| error.to_string().into())
        };
        Ok(Self {
            casbin: casbin(model)?,
            cedar: cedar(model)?,
            cedar_requests: model.requests.iter().map(cedar_request).collect::<Result<_, _>>()?,
            rego: RefCell::new(rego(model)?),
            rego_inputs: model.requests.iter().map(rego_input).collect::<Result<_, Failure>>()?,
        })
    }

    /// All of them decide alike, about each request.
    pub(crate) fn check(&self, model: &Model) -> Result<(), Failure> {
        let mut granted = 0;
        for (number, request) in model.requests.iter().enumerate() {
            let expected = model.roles[&request.role].contains(&request.permission);
            granted += usize::from(expected);
            for (name, decided) in [
                ("Portcullis", model.allows(request)),
                ("casbin", self.casbin(request)),
                ("cedar-policy", self.cedar(number)),
                ("regorus", self.regorus(number)),
            ] {
                if decided != expected {
                    let Request { role, permission, .. } = request;
                    return Err(format!("{name} says {decided} about {role} and {permission}").into());
                }
            }
        }
        if granted == 0 || granted == model.requests.len() {
            return Err("all requests are decided alike".into());
        }
        Ok(())
    }

    pub(crate) fn all<'a>(&'a self, model: &'a Model) -> Vec<Side<'a>> {
        let of = |number: usize| number % model.requests.len();
        let request = move |number: usize| &model.requests[of(number)];
        let expected: Vec<bool> = model
            .requests
            .iter()
            .map(|request| model.roles[&request.role].contains(&request.permission))
            .collect();
        let side = |name, decide: Box<dyn Fn(usize) -> bool + 'a>| {
            let expected = expected.clone();
            let once = Box::new(move |number| decide(number) == expected[of(number)]);
            Side { name, once }
        };
        vec![
            side("Portcullis", Box::new(move |number| model.allows(request(number)))),
            side("casbin", Box::new(move |number| self.casbin(request(number)))),
            side("cedar-policy", Box::new(move |number| self.cedar(of(number)))),
            side("regorus", Box::new(move |number| self.regorus(of(number)))),
        ]
    }

    fn casbin(&self, request: &Request) -> bool {
        let (resource, action) = request.permission.split_once(':').unwrap_or_default();
        self.casbin.enforce((request.role.as_str(), resource, action)).unwrap_or(false)
    }

    fn cedar(&self, number: usize) -> bool {
        let (authorizer, policies, entities) = &self.cedar;
        let response = authorizer.is_authorized(&self.cedar_requests[number], policies, entities);
        response.decision() == Decision::Allow
    }

    fn regorus(&self, number: usize) -> bool {
        let mut engine = self.rego.borrow_mut();
        engine.set_input(self.rego_inputs[number].clone());
        let allowed = engine.eval_rule("data.authz.allow".to_owned());
        allowed.is_ok_and(|allowed| allowed == regorus::Value::Bool(true))
    }
}

/// A policy for each permission of each role.
fn casbin(model: &Model) -> Result<Enforcer, Failure> {
    let policies = model.roles.iter().flat_map(|(role, permissions)| {
        permissions.iter().map(move |permission| {
            let (resource, action) = permission.split_once(':').unwrap_or_default();
            [role, resource, action].map(str::to_owned).to_vec()
        })
    });
    let policies = policies.collect();
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        let mut enforcer =
            Enforcer::new(DefaultModel::from_str(CASBIN).await?, MemoryAdapter::default()).await?;
        enforcer.add_policies(policies).await?;
        Ok(enforcer)
    })
}

/// A policy for each role, which names its actions.
fn cedar(model: &Model) -> Result<(Authorizer, PolicySet, Entities), Failure> {
    let quoted = |text: &str| Value::from(text).to_string();
    let policies: String = model
        .roles
        .iter()
        .filter(|(_, permissions)| !permissions.is_empty())
        .map(|(role, permissions)| {
            let actions: Vec<_> =
                permissions.iter().map(|permission| format!("Action::{}", quoted(permission))).collect();
            format!(
                "permit(principal in Role::{}, action in [{}], resource);\n",
                quoted(role),
                actions.join(", ")
            )
        })
        .collect();
    let entities: Vec<Value> = model
        .roles
        .keys()
        .flat_map(|role| {
            let parent = json!({"type": "Role", "id": role});
            [
                json!({"uid": parent, "attrs": {}, "parents": []}),
                json!({"uid": {"type": "User", "id": role}, "attrs": {}, "parents": [parent]}),
            ]
        })
        .collect();
    Ok((Authorizer::new(), policies.parse()?, Entities::from_json_value(Value::from(entities), None)?))
}

fn cedar_request(request: &Request) -> Result<CedarRequest, Failure> {
    let uid = |kind: &str, id: &str| -> Result<EntityUid, Failure> {
        Ok(format!("{kind}::{}", Value::from(id)).parse()?)
    };
    let (principal, action) = (uid("User", &request.role)?, uid("Action", &request.permission)?);
    Ok(CedarRequest::new(principal, action, uid("Origin", "origin")?, Context::empty(), None)?)
}

/// The roles as data, by which one rule goes.
fn rego(model: &Model) -> Result<regorus::Engine, Failure> {
    let roles: Value = model
        .roles
        .iter()
        .map(|(role, permissions)| {
            let set: Value = permissions.iter().map(|permission| (permission.clone(), json!(true))).collect();
            (role.clone(), set)
        })
        .collect();
    let mut engine = regorus::Engine::new();
    engine.add_policy("authz.rego".to_owned(), REGO.to_owned())?;
    engine.add_data(regorus::Value::from_json_str(&json!({ "roles": roles }).to_string())?)?;
    Ok(engine)
}
