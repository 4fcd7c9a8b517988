/** The SQLite catalog against the contract, its writer in the same thread. */

import { catalogContract } from '../catalog-contract.testing.ts';
import { openSqliteStore } from './sqlite-store.testing.ts';

catalogContract('SqliteCatalog', (t) => openSqliteStore(t).catalog);
