import type { Command } from 'commander';
import { Option } from 'commander';
import { collected, durationOption } from '../option-values.js';
import type { ConnectionOptions } from '../profile.js';
import { callsApi, does, group, leaf, type Limit, lists, type Runner } from './command.js';
import { column, printPage, printResource, timeColumn } from './printing.js';

type Listing = ConnectionOptions & Limit;
const name = encodeURIComponent;
const pathOf = (policy: string, model: string): string =>
  `/v1/enrollment-policies/${name(policy)}/models/${name(model)}`;

export function modelCommands(program: Command, runner: Runner): void {
  const models = group(program, 'model', 'Kinds of devices');

  const create = leaf(models, 'create <name>', 'Make a kind of device', '', [
    'model create thermostat-2 --organization "Example Works" --policy default',
  ])
    .requiredOption('--organization <name>', 'organizationName in its IDevIDs')
    .option('--hw-type <oid>', 'hwType in its IDevIDs; made from a UUID by default')
    .option('--policy <name>', 'enrollment policy that its devices may use; may be repeated', collected);
  type Create = ConnectionOptions & { organization: string; hwType?: string; policy?: string[] };
  does<Create>(callsApi(create), runner, async (cli, options, model) => {
    const { organization, hwType, policy: policies } = options;
    const api = await cli.api(options);
    const made = await api.post('/v1/models', { name: model, organization, hwType, policies });
    printResource(cli, made, `Made the model ${model}.`);
  });

  const list = leaf(models, 'list', 'List models by name', '', ['model list']);
  does<Listing>(callsApi(lists(list)), runner, async (cli, options) => {
    const page = await (await cli.api(options)).list('/v1/models', 'after', options.limit);
    printPage(cli, page, 'model', [
      column('name'),
      column('organization'),
      column('realm'),
      column('hwType', 'hwType'),
    ]);
  });

  const show = leaf(models, 'show <name>', 'Show a model', '', ['model show demo-sensor']);
  does<ConnectionOptions>(callsApi(show), runner, async (cli, options, model) => {
    printResource(cli, await (await cli.api(options)).get(`/v1/models/${name(model)}`));
  });
}

export function factoryCommands(program: Command, runner: Runner): void {
  const factories = group(program, 'factory', 'Factories, which provision devices');

  const create = leaf(factories, 'create <name>', 'Make a factory', '', ['factory create leipzig-2']);
  does<ConnectionOptions>(callsApi(create), runner, async (cli, options, factory) => {
    const made = await (await cli.api(options)).post('/v1/factories', { name: factory });
    printResource(cli, made, `Made the factory ${factory}.`);
  });

  const list = leaf(factories, 'list', 'List factories by name', '', ['factory list']);
  does<Listing>(callsApi(lists(list)), runner, async (cli, options) => {
    const page = await (await cli.api(options)).list('/v1/factories', 'after', options.limit);
    printPage(cli, page, 'factory', [column('name'), timeColumn('createdAt', 'created')]);
  });

  const show = leaf(factories, 'show <name>', 'Show a factory', '', ['factory show demo-factory']);
  does<ConnectionOptions>(callsApi(show), runner, async (cli, options, factory) => {
    printResource(cli, await (await cli.api(options)).get(`/v1/factories/${name(factory)}`));
  });
}

export function policyCommands(program: Command, runner: Runner): void {
  const policies = group(program, 'policy', 'Enrollment policies: how devices come in, how long certificates live');

  const create = leaf(
    policies,
    'create <name>',
    'Make an enrollment policy',
    'What is not given is the default of the service.',
    ['policy create field --label field --bootstrap idevid --lifetime 30d --model demo-sensor'],
  )
    .option('--label <label>', 'EST label; one policy at most is without')
    .addOption(
      new Option('--bootstrap <proof...>', 'how a device may prove itself the first time').choices(['token', 'idevid']),
    )
    .addOption(durationOption('--lifetime <duration>', 'how long a certificate lives'))
    .option('--suspend-on-fork', 'a lineage fork suspends the device as well as being refused')
    .option('--revoke-replaced', 'a replaced certificate is revoked once its successor was seen')
    .option('--pseudonymous', 'certificates name an opaque device id instead of the deviceSerial')
    .option('--key-algorithm <name>', 'what csrattrs asks for, for example "EC P-256"')
    .option('--model <name>', 'model whose devices may use it; may be repeated', collected);
  type Create = ConnectionOptions & {
    label?: string;
    bootstrap?: string[];
    lifetime?: number;
    suspendOnFork?: boolean;
    revokeReplaced?: boolean;
    pseudonymous?: boolean;
    keyAlgorithm?: string;
    model?: string[];
  };
  does<Create>(callsApi(create), runner, async (cli, options, policy) => {
    const {
      label,
      bootstrap,
      lifetime,
      suspendOnFork,
      revokeReplaced,
      pseudonymous,
      keyAlgorithm,
      model: models,
    } = options;
    const terms = { label, bootstrap, lifetime, suspendOnFork, revokeReplaced, pseudonymous, keyAlgorithm, models };
    const made = await (await cli.api(options)).post('/v1/enrollment-policies', { name: policy, ...terms });
    printResource(cli, made, `Made the enrollment policy ${policy}.`);
  });

  const list = leaf(policies, 'list', 'List enrollment policies by name', '', ['policy list']);
  does<Listing>(callsApi(lists(list)), runner, async (cli, options) => {
    const page = await (await cli.api(options)).list('/v1/enrollment-policies', 'after', options.limit);
    const columns = [
      column('name'),
      column('label'),
      column('bootstrap'),
      column('lifetime', 'lifetime s'),
      column('models'),
    ];
    printPage(cli, page, 'policy', columns);
  });

  const show = leaf(policies, 'show <name>', 'Show an enrollment policy', '', ['policy show default']);
  does<ConnectionOptions>(callsApi(show), runner, async (cli, options, policy) => {
    printResource(cli, await (await cli.api(options)).get(`/v1/enrollment-policies/${name(policy)}`));
  });

  const allow = leaf(policies, 'allow <policy> <model>', 'Let devices of a model use a policy', '', [
    'policy allow default thermostat-2',
  ]);
  does<ConnectionOptions>(callsApi(allow), runner, async (cli, options, policy, model) => {
    const changed = await (await cli.api(options)).put(pathOf(policy, model));
    printResource(cli, changed, `Devices of ${model} may use ${policy}.`);
  });

  const disallow = leaf(
    policies,
    'disallow <policy> <model>',
    'Let devices of a model use a policy no longer',
    'Certificates that were issued before stay.',
    ['policy disallow default thermostat-2'],
  );
  does<ConnectionOptions>(callsApi(disallow), runner, async (cli, options, policy, model) => {
    const changed = await (await cli.api(options)).delete(pathOf(policy, model));
    printResource(cli, changed, `Devices of ${model} may use ${policy} no longer.`);
  });
}
