//! Every path of a few symbols that servers read differently.

use portcullis::Target;
use portcullis_reference::path::normal_form;

const SYMBOLS: &[u8] = b"/.%2fe;\\a";

/// Every text of `length` symbols.
fn each_text(length: u32, check: &mut impl FnMut(&str)) -> usize {
    let base = SYMBOLS.len();
    let count = base.pow(length);
    let mut text = String::new();
    for number in 0..count {
        text.clear();
        let mut rest = number;
        for _ in 0..length {
            text.push(char::from(SYMBOLS[rest % base]));
            rest /= base;
        }
        check(&text);
    }
    count
}

fn agree_on(path: &str, normal: &mut usize) {
    let ours = normal_form(path);
    let theirs = Target::parse(path.as_bytes()).ok().map(|target| target.path.into_owned());
    assert_eq!(theirs, ours, "the core, then the model, about {path:?}");
    *normal += usize::from(ours.is_some());
}

#[test]
fn all_short_paths() {
    let (mut played, mut normal) = (0, 0);
    for length in 0..=portcullis_reference::longest_path() {
        // One in nine begins with a slash; of the others none is a path.
        played += each_text(length, &mut |text| agree_on(text, &mut normal));
        played += each_text(length, &mut |text| agree_on(&format!("/{text}"), &mut normal));
        played += each_text(length, &mut |text| agree_on(&format!("/a/{text}"), &mut normal));
    }
    println!("{played} paths, {normal} of them with a normal form");
    assert!(normal > 100 && normal < played);
}
