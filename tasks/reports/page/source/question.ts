// What a problem asks, without its story.

const SENTENCE = /[^.?!]+(?:[.?!](?!\s|$)[^.?!]*)*[.?!]?/g;
const LONGEST = 200;

/** The last sentence that is a question, or else the last one that is no remark in brackets. */
export function question(problem: string): string {
  const sentences = (problem.match(SENTENCE) ?? [problem]).map((sentence) => sentence.trim()).filter(Boolean);
  const found = sentences.findLast((sentence) => sentence.endsWith("?")) ?? sentences.findLast((sentence) => !/^[()]/.test(sentence));
  return (found ?? problem).slice(0, LONGEST);
}
