// Decodes a pprof file with a decoder that is not ours, and prints its samples as JSON:
// {"types": [["samples", "count"], ...], "samples": [{"stack": ["root", ..., "leaf"], "values": [1, ...]}, ...]}
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";

const profile = Profile.decode(gunzipSync(readFileSync(process.argv[2])));
const text = (index) => profile.stringTable.strings[Number(index)];
const functions = new Map(profile.function.map((one) => [Number(one.id), text(one.name)]));
const locations = new Map(profile.location.map((one) => [Number(one.id), one]));
const mappings = new Set(profile.mapping.map((one) => Number(one.id)));

// A location has its inlined functions first, the one that holds them last; a stack has its leaf first.
const names = (id) => locations.get(Number(id)).line.map((line) => functions.get(Number(line.functionId)));
const samples = profile.sample.map((sample) => ({
  stack: sample.locationId.flatMap(names).reverse(),
  values: sample.value.map(Number),
}));
const types = profile.sampleType.map((type) => [text(type.type), text(type.unit)]);
const strayMappings = profile.location.filter((one) => Number(one.mappingId) && !mappings.has(Number(one.mappingId)));
console.log(JSON.stringify({ types, samples, strayMappings: strayMappings.length, emptyFirstString: text(0) === "" }));
