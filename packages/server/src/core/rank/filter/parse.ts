import { comparisons, type Comparison, type Expression, type Operand } from "./expression.ts";
import { type Root, roots, type Scalar } from "./expression.ts";
import { filterError, type Token, tokensOf } from "./token.ts";

/**
 * Reads a filter such as `item.genre == "jazz" and item.year >= 1990 and item.country in user.countries`.
 * `or` binds weakest, then `and`, then `not`. What it builds is bounded in size and depth, so that neither
 * reading nor running it can be made slow; whatever is wrong is a RequestError that names the position.
 */
export const filterLimits = Object.freeze({
  /** Parentheses and `not` inside one another. */
  depthMax: 32,
  /** Comparisons. */
  comparisonsMax: 64,
  /** Values of one list. */
  listMax: 200,
  nameLengthMax: 64,
});

export function parsed(text: string, field = "filter"): Expression {
  return new Parser(tokensOf(text, field), field).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #field: string;
  #next = 0;
  #depth = 0;
  #comparisons = 0;

  constructor(tokens: readonly Token[], field: string) {
    this.#tokens = tokens;
    this.#field = field;
  }

  whole(): Expression {
    const expression = this.#list("or");
    if (this.#token.kind !== "end") this.#fail("expected `and`, `or` or the end");
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#next]!;
  }

  #list(op: "and" | "or"): Expression {
    const term = (): Expression => (op === "or" ? this.#list("and") : this.#unary());
    const terms = [term()];
    while (this.#skip(op)) terms.push(term());
    return terms.length === 1 ? terms[0]! : { op, terms };
  }

  #unary(): Expression {
    if (this.#skip("not")) return this.#deeper(() => ({ op: "not", term: this.#unary() }));
    if (!this.#skip("(")) return this.#comparison();
    return this.#deeper(() => {
      const expression = this.#list("or");
      if (!this.#skip(")")) this.#fail("expected `)`");
      return expression;
    });
  }

  #deeper(read: () => Expression): Expression {
    this.#depth += 1;
    if (this.#depth > filterLimits.depthMax)
      this.#fail(`nested deeper than ${filterLimits.depthMax}`);
    const expression = read();
    this.#depth -= 1;
    return expression;
  }

  #comparison(): Expression {
    this.#comparisons += 1;
    if (this.#comparisons > filterLimits.comparisonsMax)
      this.#fail(`more than ${filterLimits.comparisonsMax} comparisons`);
    const left = this.#operand();
    const op = this.#op();
    if (op === undefined) return this.#fail(`expected one of ${comparisons.join(" ")}`);
    this.#next += 1;
    if (op !== "in") return { op, left, right: this.#operand() };
    const { at } = this.#token;
    const right = this.#skip("[") ? this.#values() : this.#operand();
    if ("value" in right)
      throw filterError(this.#field, at, "expected a list or an attribute behind `in`");
    return { op, left, right };
  }

  #op(): Comparison | undefined {
    const token = this.#token;
    if (token.kind !== "sign" && token.kind !== "word") return undefined;
    return comparisons.find((one) => one === token.text);
  }

  #operand(): Operand {
    const token = this.#token;
    const root = roots.find((one) => token.kind === "word" && token.text === one);
    if (root === undefined) return { value: this.#scalar() };
    this.#next += 1;
    return this.#path(root);
  }

  #path(root: Root): Operand {
    if (this.#skip(".")) {
      const token = this.#token;
      if (token.kind !== "word") return this.#fail("expected the name of an attribute");
      return { root, name: this.#name(token.text) };
    }
    if (!this.#skip("[")) return this.#fail(`expected \`.\` behind ${root}`);
    const token = this.#token;
    if (token.kind !== "value" || typeof token.value !== "string")
      return this.#fail("expected the name of an attribute in quotes");
    const name = this.#name(token.value);
    if (!this.#skip("]")) this.#fail("expected `]`");
    return { root, name };
  }

  #name(name: string): string {
    const { nameLengthMax } = filterLimits;
    if (name === "" || name.length > nameLengthMax)
      this.#fail(`a name has 1 to ${nameLengthMax} characters`);
    this.#next += 1;
    return name;
  }

  #scalar(): Scalar {
    const token = this.#token;
    if (token.kind === "value") {
      this.#next += 1;
      return token.value;
    }
    if (this.#skip("true")) return true;
    if (this.#skip("false")) return false;
    return this.#fail("expected a value");
  }

  /** Behind the opening bracket. */
  #values(): Operand {
    const list: Scalar[] = [];
    while (!this.#skip("]")) {
      if (list.length === filterLimits.listMax)
        this.#fail(`more than ${filterLimits.listMax} values in a list`);
      if (list.length > 0 && !this.#skip(",")) this.#fail("expected `,` or `]`");
      list.push(this.#scalar());
    }
    return { list };
  }

  /** Steps over the word or sign if it is the next one. */
  #skip(text: string): boolean {
    const token = this.#token;
    if ((token.kind !== "word" && token.kind !== "sign") || token.text !== text) return false;
    this.#next += 1;
    return true;
  }

  #fail(problem: string): never {
    throw filterError(this.#field, this.#token.at, problem);
  }
}
