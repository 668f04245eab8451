/** So many characters are kept; the newest answer is, however long. */
const MOST_CHARACTERS = 1_000_000;

/**
 * The newest answers to what changes nothing, for as long as the process lives: a broker that delivers twice does so
 * within moments.
 */
export function shortMemory() {
  const answers = new Map<string, string>();
  let characters = 0;
  return {
    find(id: string): { answer: string } | null {
      const answer = answers.get(id);
      return answer === undefined ? null : { answer };
    },
    keep(id: string, answer: string) {
      answers.set(id, answer);
      characters += answer.length;
      for (const [oldest, { length }] of answers) {
        if (characters <= MOST_CHARACTERS || oldest === id) return;
        answers.delete(oldest);
        characters -= length;
      }
    },
  };
}
