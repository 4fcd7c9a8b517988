/** The user's home, as far as there is one: in containers there are users of whom the system knows nothing but a number. */

import { homedir } from 'node:os';

/** A place in which there is nothing and nothing can be kept, but where somebody has one. */
const NO_HOME = '/dev/null';

/** `HOME`, or what the system says; an empty one would be the folder that one happens to be in. */
export function homeFolder(env: NodeJS.ProcessEnv): string {
  const named = env['HOME'];
  if (named !== undefined && named !== '') return named;
  try {
    return homedir() || NO_HOME;
  } catch {
    return NO_HOME;
  }
}
