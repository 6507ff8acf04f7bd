// Prints what is wrong with each of the documents in a file as a `WasmPlugin` of Istio: a list of lists of
// `pointer: message` for values, and of `member: message` for members.
//
//   node wasmplugin.mjs NODE_MODULES DOCUMENTS
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, file] = process.argv.slice(2);
const MODEL = "@kubernetes-models/istio/extensions.istio.io/v1alpha1/WasmPlugin";
const ts = createRequire(`${modules}/`)("typescript");
// By its path: the package exports nothing to `require`, and `import` looks beside this file.
const { WasmPlugin } = await import(pathToFileURL(join(modules, `${MODEL}.js`)));
const documents = JSON.parse(readFileSync(file, "utf8"));

// The package's validator knows values and what is required; it lets unknown members pass.
function values(document) {
  try {
    new WasmPlugin(document).validate();
    return [];
  } catch (error) {
    if (!error.errors) throw error;
    return error.errors.map(
      ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
    );
  }
}

// The compiler refuses members that a type does not have, in a literal. The literals are files in memory, beside
// `node_modules`, where it looks for the types.
function members(documents) {
  const name = (index) => join(dirname(modules), `wasmplugin-${index}.ts`);
  const literal = (document) =>
    `import type { IWasmPlugin } from "${MODEL}";
    export const plugin: IWasmPlugin = ${JSON.stringify(document)};`;
  const literals = new Map(documents.map((document, index) => [name(index), literal(document)]));
  const options = {
    noEmit: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => literals.has(path) || fileExists(path);
  host.readFile = (path) => literals.get(path) ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) =>
    literals.has(path)
      ? ts.createSourceFile(path, literals.get(path), version)
      : getSourceFile(path, version, ...rest);

  const found = new Map([...literals.keys()].map((path) => [path, []]));
  const program = ts.createProgram([...literals.keys()], options, host);
  for (const { file, start, length, messageText } of ts.getPreEmitDiagnostics(program)) {
    const message = ts.flattenDiagnosticMessageText(messageText, " ");
    // What is wrong elsewhere, such as in the types themselves, is no answer about a document.
    if (!found.has(file?.fileName)) throw new Error(`${file?.fileName ?? "the compiler"}: ${message}`);
    found.get(file.fileName).push(`${file.text.slice(start, start + length)}: ${message}`);
  }
  return [...found.values()];
}

const unknown = members(documents);
console.log(JSON.stringify(documents.map((document, index) => [...values(document), ...unknown[index]])));
