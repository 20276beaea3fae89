// Lays a graph out: DOT on standard input, SVG on standard output. The first argument is the folder in which
// `make docs` has put @viz-js/viz, Graphviz compiled to WebAssembly.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const module = resolve(process.argv[2], "node_modules/@viz-js/viz/dist/viz.js");
const { instance } = await import(pathToFileURL(module));
const viz = await instance();
process.stdout.write(viz.renderString(readFileSync(0, "utf8"), { format: "svg", engine: "dot" }));
