// Uploads without a credential: `node upload.mjs URL COUNT MEBIBYTES` prints how many ended in which status or error.
const [url, count, mebibytes] = process.argv.slice(2);
const body = new Uint8Array(Number(mebibytes) * 1024 * 1024);
const outcomes = {};
for (let number = 0; number < Number(count); number++) {
  let outcome;
  try {
    const response = await fetch(url, { method: "POST", body });
    await response.text();
    outcome = response.status;
  } catch (error) {
    outcome = error.cause?.code ?? error.cause?.message ?? error.message;
  }
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}
console.log(JSON.stringify(outcomes));
