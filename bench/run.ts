import 'reflect-metadata';

// Loaded on demand, so that one bench neither pays for nor is disturbed by the modules of another.
const BENCHES: Readonly<Record<string, () => Promise<{ run: () => Promise<void> | void }>>> = {
  issue: () => import('./issue.js'),
  'issue-stored': () => import('./issue-stored.js'),
  'est-enroll': () => import('./est-enroll.js'),
  crl: () => import('./crl.js'),
  'crl-lookup': () => import('./crl-lookup.js'),
  ocsp: () => import('./ocsp.js'),
  'status-snapshot': () => import('./status-snapshot.js'),
  'status-lookup': () => import('./status-lookup.js'),
  'verify-cold': () => import('./verify-cold.js'),
  'verify-warm': () => import('./verify-warm.js'),
  'hostile-der': () => import('./hostile-der.js'),
  'verify-vs-peers': () => import('./verify-vs-peers.js'),
  'import-verifier': () => import('./import-verifier.js'),
  'tracked-connections': () => import('./tracked-connections.js'),
  'revoke-to-enforced': () => import('./revoke-to-enforced.js'),
};

const [, , name = ''] = process.argv;
const load = BENCHES[name];
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- <name>, one of: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const bench = await load();
  await bench.run();
}
