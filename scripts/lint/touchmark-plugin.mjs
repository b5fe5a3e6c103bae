// Rules of ours that oxlint does not have. `.oxlintrc.json` says where each holds.

const noWallClock = {
  meta: {
    type: 'problem',
    docs: { description: 'Time is an argument: no `new Date()` or `Date()` that asks the clock.' },
  },
  create(context) {
    const check = (node) => {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'Date') return;
      // Called without `new`, Date ignores its arguments and always asks the clock.
      if (node.type === 'NewExpression' && node.arguments.length > 0) return;
      context.report({ node, message: 'Time is an argument; the clock lives in libs/server/src/clock.ts.' });
    };
    return { NewExpression: check, CallExpression: check };
  },
};

const noExportAll = {
  meta: { type: 'problem', docs: { description: 'A library says by name what it exports.' } },
  create(context) {
    return {
      ExportAllDeclaration(node) {
        context.report({ node, message: 'Export by name: what a library offers can be read in its index.ts.' });
      },
    };
  },
};

const noEnvironmentImport = {
  meta: { type: 'problem', docs: { description: 'The environment is read in config.ts, under whatever name.' } },
  create(context) {
    return {
      ImportDeclaration(node) {
        if (node.source.value !== 'node:process' && node.source.value !== 'process') return;
        context.report({ node, message: 'Use the global `process`, whose `env` the linter watches.' });
      },
    };
  },
};

export default {
  meta: { name: 'touchmark' },
  rules: {
    'no-wall-clock': noWallClock,
    'no-export-all': noExportAll,
    'no-environment-import': noEnvironmentImport,
  },
};
