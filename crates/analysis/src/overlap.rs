//! Routes that match the same requests: pairs of which neither is the more literal one, and routes that others leave
//! nothing to.

use portcullis::parts::{Node, Route, Routes};

/// Two routes of one method that match some of the same requests although neither is the more literal one everywhere:
/// `/name/{x}` and `/{id}/users`. What they have in common is no route of its own.
pub(crate) struct Overlap<'s, 'r> {
    /// The one with the literal where the two first differ: it goes before the other.
    pub(crate) first: &'r Route,
    pub(crate) second: &'r Route,
    /// The segments of the template for what they have in common.
    common: &'s [&'r str],
}

impl Overlap<'_, '_> {
    /// The template for what the two routes have in common, as a route: `GET /name/users`.
    pub(crate) fn common(&self) -> String {
        let mut text = self.first.method.clone();
        text.push(' ');
        for segment in self.common {
            text.push('/');
            text.push_str(segment);
        }
        text
    }
}

/// The search for overlaps: over pairs of places in the trie that one path leads to.
pub(crate) struct Overlaps<'r, F> {
    routes: &'r Routes,
    /// How many more pairs may be looked at.
    steps: usize,
    common: Vec<&'r str>,
    found: F,
}

/// Two places that one path leads to, by different segments.
#[derive(Clone, Copy)]
struct Pair<'r> {
    /// The place that was reached by a literal where the ways parted.
    first: &'r Node,
    second: &'r Node,
    /// Whether the way to the second one is the more literal somewhere after that.
    crossed: bool,
    /// The place of the template for what both ways match, if there is any route at or below it.
    own: Option<&'r Node>,
}

/// How a segment of a common template is written that is no literal.
const PARAMETER: &str = "{…}";
const REST: &str = "{…:path}";

impl<'r, F: FnMut(Overlap<'_, 'r>)> Overlaps<'r, F> {
    /// Tells `found` every overlap among `routes`. Returns whether all of them were found before `steps` pairs of places
    /// had been looked at.
    pub(crate) fn search(routes: &'r Routes, steps: usize, found: F) -> bool {
        let mut search = Self { routes, steps, common: Vec::new(), found };
        routes.nodes.first().and_then(|root| search.together(root)).is_some()
    }

    /// Counts one step; `None` if there was none left.
    fn step(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        Some(())
    }

    fn node(&self, index: usize) -> Option<&'r Node> {
        self.routes.nodes.get(index)
    }

    /// Goes on below `segment` of the common template.
    fn below(&mut self, segment: &'r str, go_on: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.common.push(segment);
        let done = go_on(self);
        self.common.pop();
        done
    }

    // Recursion here and below is bounded by the depth of the trie, which `PATH_SEGMENTS` bounds.

    /// Looks below a place where the ways have not parted.
    fn together(&mut self, node: &'r Node) -> Option<()> {
        self.step()?;
        let parameter = node.parameter.and_then(|index| self.node(index));
        for (text, index) in node.literals.iter() {
            let Some(literal) = self.node(index) else { continue };
            self.below(text, |search| {
                search.together(literal)?;
                match parameter.filter(|_| !text.is_empty()) {
                    Some(second) => {
                        search.apart(Pair { first: literal, second, crossed: false, own: Some(literal) })
                    }
                    None => Some(()),
                }
            })?;
        }
        match parameter {
            Some(parameter) => self.below(PARAMETER, |search| search.together(parameter)),
            None => Some(()),
        }
        // A rest beside them is the less literal one to the end.
    }

    /// Looks at and below two places where the ways have parted.
    fn apart(&mut self, pair: Pair<'r>) -> Option<()> {
        self.step()?;
        let Pair { first, second, crossed, own } = pair;
        if crossed {
            let named = own.map(|own| own.routes.as_slice()).unwrap_or_default();
            self.compare(&first.routes, &second.routes, named)?;
            let named = own.map(|own| own.rest.as_slice()).unwrap_or_default();
            self.below(REST, |search| search.compare(&first.rest, &second.rest, named))?;
            // What the first way still spells out, the second one leaves to its rest.
            self.spelled(first, &second.rest, own, true)?;
        }
        self.spelled(second, &first.rest, own, false)?;

        let of = |node: &Node, text: &str| node.literals.get(text);
        let under = |own: Option<&'r Node>, text: &str| own.and_then(|own| of(own, text));
        let (first_parameter, second_parameter) = (first.parameter, second.parameter);
        for (text, index) in first.literals.iter() {
            let own = under(own, text);
            self.pairs(text, index, of(second, text), crossed, own)?;
            self.pairs(text, index, second_parameter.filter(|_| !text.is_empty()), crossed, own)?;
        }
        if let Some(parameter) = first_parameter {
            for (text, index) in second.literals.iter().filter(|(text, _)| !text.is_empty()) {
                self.pairs(text, parameter, Some(index), true, under(own, text))?;
            }
            let own = own.and_then(|own| own.parameter);
            self.pairs(PARAMETER, parameter, second_parameter, crossed, own)?;
        }
        Some(())
    }

    fn pairs(
        &mut self,
        segment: &'r str,
        first: usize,
        second: Option<usize>,
        crossed: bool,
        own: Option<usize>,
    ) -> Option<()> {
        let (Some(first), Some(second)) = (self.node(first), second.and_then(|index| self.node(index)))
        else {
            return Some(());
        };
        let own = own.and_then(|index| self.node(index));
        self.below(segment, |search| search.apart(Pair { first, second, crossed, own }))
    }

    /// Compares the routes below `node` with those of the other way that end in a rest here. `first` tells whether
    /// `node` is on the first way.
    fn spelled(
        &mut self,
        node: &'r Node,
        rest: &'r [usize],
        own: Option<&'r Node>,
        first: bool,
    ) -> Option<()> {
        if rest.is_empty() {
            return Some(());
        }
        let parameter = node.parameter.map(|index| (PARAMETER, index));
        for (segment, index) in node.literals.iter().chain(parameter) {
            self.step()?;
            let Some(child) = self.node(index) else { continue };
            let own = own.and_then(|own| match segment {
                PARAMETER => own.parameter,
                text => own.literals.get(text),
            });
            let own = own.and_then(|index| self.node(index));
            let named = own.map(|own| own.routes.as_slice()).unwrap_or_default();
            let named_rest = own.map(|own| own.rest.as_slice()).unwrap_or_default();
            self.below(segment, |search| {
                search.in_order(&child.routes, rest, named, first)?;
                search.below(REST, |search| search.in_order(&child.rest, rest, named_rest, first))?;
                search.spelled(child, rest, own, first)
            })?;
        }
        Some(())
    }

    fn in_order(&mut self, spelled: &[usize], rest: &[usize], named: &[usize], first: bool) -> Option<()> {
        if first { self.compare(spelled, rest, named) } else { self.compare(rest, spelled, named) }
    }

    /// Reports the pairs that have a method in common for which there is no route in `named`.
    fn compare(&mut self, first: &[usize], second: &[usize], named: &[usize]) -> Option<()> {
        let routes = self.routes;
        for one in first.iter().filter_map(|index| routes.routes.get(*index)) {
            for other in second {
                self.step()?;
                let other = routes.routes.get(*other).filter(|other| other.method == one.method);
                if let Some(other) = other.filter(|_| routes.pick(named, &one.method).is_none()) {
                    (self.found)(Overlap { first: one, second: other, common: &self.common });
                }
            }
        }
        Some(())
    }
}

/// Routes that no request gets to, because more literal ones take each.
///
/// Only a route that ends in a rest can be one. Any other is found by a request that has a segment no route spells
/// out in the place of each of its parameters. A rest matches infinitely many paths; so what takes them all is a
/// longer rest, after one parameter or several, together with the routes for what is shorter: `/a/`,
/// `/a/{x}` and `/a/{x}/{rest:path}` leave nothing to `/a/{rest:path}`.
pub(crate) fn hidden(routes: &Routes) -> impl Iterator<Item = &Route> {
    routes.nodes.iter().flat_map(|node| {
        let ending = node.rest.iter().filter_map(|index| routes.routes.get(*index));
        ending.filter(|route| leaves_nothing(routes, node, &route.method))
    })
}

/// Whether the routes below `node` match whatever a rest in its place does.
fn leaves_nothing<'n>(routes: &'n Routes, mut node: &'n Node, method: &str) -> bool {
    let at = |index: Option<usize>| index.and_then(|index| routes.nodes.get(index));
    let ends = |node: &Node| routes.pick(&node.routes, method).is_some();
    // The end of the path in a slash, one segment, and what is longer.
    while at(node.literals.get("")).is_some_and(ends) {
        let Some(parameter) = at(node.parameter).filter(|parameter| ends(parameter)) else {
            return false;
        };
        if routes.pick(&parameter.rest, method).is_some() {
            return true;
        }
        node = parameter;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use portcullis::parts::{Access, RouteTemplate, Routes, TrailingSlash, WrittenRoute};
    use proptest::prelude::*;

    use super::Overlaps;

    fn routes<'t>(written: impl IntoIterator<Item = &'t str>) -> Routes {
        let compiled = written.into_iter().map(|text| {
            WrittenRoute::new(RouteTemplate::parse(text).unwrap(), Access::parse("r:a").unwrap())
        });
        Routes::compile(compiled.collect(), TrailingSlash::Distinct).unwrap()
    }

    fn overlaps(written: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        let complete = Overlaps::search(&routes(written.iter().copied()), 10_000, |overlap| {
            found.push(format!("{} | {} | {}", overlap.first.text, overlap.second.text, overlap.common()));
        });
        assert!(complete);
        found
    }

    #[test]
    fn neither_is_the_more_literal_one() {
        for (written, expected) in [
            (&["GET /{id}/users", "GET /name/{x}"][..], "GET /name/{x} | GET /{id}/users | GET /name/users"),
            (
                &["GET /{id}/users", "GET /name/{x:path}"],
                "GET /name/{x:path} | GET /{id}/users | GET /name/users",
            ),
            (
                &["GET /{id}/{n}/log", "GET /name/{x:path}"],
                "GET /name/{x:path} | GET /{id}/{n}/log | GET /name/{…}/log",
            ),
            (
                &["GET /{id}/users/{r:path}", "GET /name/{x}/{r:path}"],
                "GET /name/{x}/{r:path} | GET /{id}/users/{r:path} | GET /name/users/{…:path}",
            ),
            // The second is the more literal one first, and the other one is to the end.
            (
                &["GET /a/{x}/c/{r:path}", "GET /{y}/b/c/d"],
                "GET /a/{x}/c/{r:path} | GET /{y}/b/c/d | GET /a/b/c/d",
            ),
        ] {
            assert_eq!(overlaps(written), [expected]);
        }
        for written in [
            // Another method, the more literal one everywhere, nothing in common, a route of its own.
            &["GET /{id}/users", "PUT /name/{x}"][..],
            &["GET /{id}/users", "GET /name/users", "GET /{a}/{b}", "GET /{a:path}"],
            &["GET /{id}/users/x", "GET /name/{x}/y"],
            &["GET /{id}/users", "GET /name/{x}", "GET /name/users"],
            &["GET /{id}/users", "GET /name/{x:path}", "GET /name/users"],
            // A parameter is never empty.
            &["GET /{id}/", "GET /name/{x}"],
        ] {
            assert_eq!(overlaps(written), [""; 0], "{written:?}");
        }
    }

    #[test]
    fn the_search_ends() {
        // Each segment a parameter or not, in each combination.
        let combinations = |segments: u32| {
            let written: Vec<String> = (0..1_u32 << segments)
                .map(|bits| {
                    let segment = |place: u32| match bits >> place & 1 {
                        0 => "/a".to_string(),
                        _ => format!("/{{p{place}}}"),
                    };
                    format!("GET {}", (0..segments).map(segment).collect::<String>())
                })
                .collect();
            routes(written.iter().map(String::as_str))
        };
        assert!(!Overlaps::search(&combinations(10), 10_000, |_| {}));
        assert!(Overlaps::search(&combinations(5), 10_000, |_| {}));
    }

    fn template() -> impl Strategy<Value = Vec<&'static str>> {
        let inner = prop::collection::vec(prop::sample::select(&["a", "b", "{}"][..]), 0..4);
        let last = prop::sample::select(&["a", "b", "", "{}", "{:path}"][..]);
        (inner, last).prop_map(|(mut segments, last)| {
            segments.push(last);
            segments
        })
    }

    fn written(template: &[&str]) -> String {
        let named = template.iter().enumerate().map(|(place, segment)| match *segment {
            "{}" => format!("/{{p{place}}}"),
            "{:path}" => "/{rest:path}".to_string(),
            literal => format!("/{literal}"),
        });
        format!("GET {}", named.collect::<String>())
    }

    /// The most literal template for what two have in common, segment by segment.
    fn meet(a: &[&'static str], b: &[&'static str]) -> Option<Vec<&'static str>> {
        let (Some((a, rest_a)), Some((b, rest_b))) = (a.split_first(), b.split_first()) else {
            return (a.is_empty() && b.is_empty()).then(Vec::new);
        };
        let segment = match (*a, *b) {
            ("{:path}", _) => return Some([&[*b], rest_b].concat()),
            (_, "{:path}") => return Some([&[*a], rest_a].concat()),
            (a, b) if a == b => a,
            ("{}", other) | (other, "{}") if !other.is_empty() => other,
            _ => return None,
        };
        meet(rest_a, rest_b).map(|tail| [&[segment], &tail[..]].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The walk over the trie finds the pairs that comparing each template with each finds.
        #[test]
        fn the_walk_finds_every_pair(templates in prop::collection::btree_set(template(), 1..12)) {
            let mut expected: BTreeSet<[String; 2]> = BTreeSet::new();
            for a in &templates {
                for b in &templates {
                    let Some(common) = meet(a, b) else { continue };
                    if a < b && !templates.contains(&common) {
                        let mut pair = [written(a), written(b)];
                        pair.sort();
                        expected.insert(pair);
                    }
                }
            }
            let texts: Vec<String> = templates.iter().map(|template| written(template)).collect();
            let routes = routes(texts.iter().map(String::as_str));
            let mut found: BTreeSet<[String; 2]> = BTreeSet::new();
            let mut twice = false;
            let complete = Overlaps::search(&routes, 1_000_000, |overlap| {
                let mut pair = [overlap.first.text.clone(), overlap.second.text.clone()];
                pair.sort();
                twice |= !found.insert(pair);
            });
            prop_assert!(complete && !twice);
            prop_assert_eq!(found, expected);
        }
    }
}
