// What Ajv, in strict mode, says about documents against a JSON Schema of draft 2020-12: for each, a list of
// `pointer: message`.
//
//   node schema.mjs NODE_MODULES SCHEMA DOCUMENTS
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, schema, documents] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Ajv2020 } = require("ajv/dist/2020.js");
const addFormats = require("ajv-formats");

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(read(schema));
const said = read(documents).map((document) => {
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
});
console.log(JSON.stringify(said));
