// Prints the one document of a YAML file as JSON.
//
//   node yaml.mjs NODE_MODULES FILE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, file] = process.argv.slice(2);
const { parse } = createRequire(`${modules}/`)("yaml");
console.log(JSON.stringify(parse(readFileSync(file, "utf8"))));
