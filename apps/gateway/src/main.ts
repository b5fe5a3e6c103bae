import 'reflect-metadata';
import { failProcess, runProcess } from '@touchmark/server';
import { configSchema, processEnvironment } from './config.js';
import { startGateway } from './gateway.js';
import { answerCheckPolicy } from './policy/check-policy.js';

async function main(): Promise<void> {
  const answer = await answerCheckPolicy(process.argv).catch((error: unknown) =>
    failProcess('The policy was not tried', error),
  );
  if (answer !== undefined) {
    process.stdout.write(`${answer.text}\n`);
    process.exitCode = answer.allowed ? 0 : 1;
    return;
  }
  await runProcess({
    schema: configSchema,
    environment: processEnvironment,
    async start(context) {
      const gateway = await startGateway(context);
      process.on('SIGHUP', () => void gateway.reloadPolicy());
      const welcome = `The gateway listens on ${gateway.url}, for operators on ${gateway.operationsUrl}\n`;
      return { welcome, close: () => gateway.close() };
    },
  });
}

await main().catch((error: unknown) => failProcess('The gateway did not start', error));
