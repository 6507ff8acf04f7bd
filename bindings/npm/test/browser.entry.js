// The suite in a page.
import { run } from "./suite.js";

run().then((results) => {
  globalThis.results = results;
});
