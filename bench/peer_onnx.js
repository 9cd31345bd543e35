// ONNX Runtime on the whole exam: one warm-up and RUNS timed runs, one JSON line. Usage: node peer_onnx.js FOLDER THREADS RUNS
// FOLDER holds node_modules, bmu.onnx, exam.f32 and logits.json (export_onnx.py).
'use strict';
const fs = require('fs');
const path = require('path');
const [folder, threads, runs] = [path.resolve(process.argv[2]), Number(process.argv[3]), Number(process.argv[4])];
const ort = require(path.join(folder, 'node_modules', 'onnxruntime-node'));

async function main() {
    const shapes = JSON.parse(fs.readFileSync(path.join(folder, 'logits.json'), 'utf8')).shapes;
    const bytes = fs.readFileSync(path.join(folder, 'exam.f32'));
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const options = {intraOpNumThreads: threads, graphOptimizationLevel: 'all'};
    const session = await ort.InferenceSession.create(path.join(folder, 'bmu.onnx'), options);
    const feeds = {};
    let at = 0;
    for (const [name, shape] of Object.entries(shapes)) {
        const n = shape.reduce((a, b) => a * b, 1);
        if (session.inputNames.includes(name)) feeds[name] = new ort.Tensor('float32', numbers.slice(at, at + n), shape);
        at += n;
    }
    const seconds = [];
    let logits;
    for (let i = 0; i <= runs; i++) {
        const started = process.hrtime.bigint();
        const out = await session.run(feeds);
        if (i) seconds.push(Number(process.hrtime.bigint() - started) / 1e9);
        logits = Array.from(out.logits.data);
    }
    const version = require(path.join(folder, 'node_modules', 'onnxruntime-node', 'package.json')).version;
    console.log(JSON.stringify({seconds, peak_rss_mb: process.resourceUsage().maxRSS / 1024, version, logits}));
}

main().catch((e) => { console.error(e); process.exit(1); });
