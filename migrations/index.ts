import { CaSchema1795000000001 } from './1795000000001-ca-schema.js';
import { RegistrySchema1795000000002 } from './1795000000002-registry-schema.js';
import { EnrollmentViews1795000000003 } from './1795000000003-enrollment-views.js';
import { ResponderViews1795000000004 } from './1795000000004-responder-views.js';
import { StatusPublication1795000000005 } from './1795000000005-status-publication.js';
import { HierarchyTerms1795000000006 } from './1795000000006-hierarchy-terms.js';

/** All migrations in the order in which they run. */
export const migrations = [
  CaSchema1795000000001,
  RegistrySchema1795000000002,
  EnrollmentViews1795000000003,
  ResponderViews1795000000004,
  StatusPublication1795000000005,
  HierarchyTerms1795000000006,
];
