// Reads AsyncAPI documents with the reference parser and prints each finding; any finding, of whatever weight, fails.
"use strict";
const { Parser, fromFile } = require("@asyncapi/parser");

(async () => {
  let findings = 0;
  for (const path of process.argv.slice(2)) {
    const { document, diagnostics } = await fromFile(new Parser(), path).parse();
    for (const { code, message, path: at } of diagnostics) console.log(`${path} ${code} at ${at.join(".")}: ${message}`);
    findings += diagnostics.length + (document ? 0 : 1);
  }
  process.exitCode = findings ? 1 : 0;
})();
