export { BullmqQueue, type BullmqQueueOptions, migrateJobs, type RetryPolicy } from './bullmq-queue.js';
export type { Job, JobCounts, JobHandler, JobInput, JobPayload, JobQueue, Worker, WorkOptions } from './job-queue.js';
export { JobsError, type JobsErrorCode, type JobsErrorContext } from './jobs-error.js';
export { quietLosses } from './quiet-losses.js';
export { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';
