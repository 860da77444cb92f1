/** The editors' HTTP routes, one function each. */
import type { ArticleDetail, ArticleFields, ArticleList, ArticleQuery, ArticleTitle, ArticleVersionDetail, ArticleVersions } from "./article-types.js";

/** How the desk speaks to the service. */
export interface Requests {
  read(url: string, signal?: AbortSignal): Promise<unknown>;
  write(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<unknown>;
}

const ROOT = "/api/desk/articles";

export class ArticlesApi {
  constructor(private readonly requests: Requests) {}

  list = async (query: ArticleQuery, { limit, after, categories, signal }: { limit: number; after?: string; categories: boolean; signal?: AbortSignal }): Promise<ArticleList> => {
    const { category, ...others } = query;
    const asked = Object.entries({ ...others, limit: String(limit), after: after ?? "", categories: String(categories) }).filter(([, value]) => value !== "");
    if (category !== null) asked.push(["category", category]);
    return (await this.requests.read(`${ROOT}?${new URLSearchParams(asked).toString()}`, signal)) as ArticleList;
  };
  article = async (id: string): Promise<ArticleDetail> => (await this.requests.read(at(id))) as ArticleDetail;
  create = async (id: string, fields: ArticleFields): Promise<ArticleDetail> => (await this.requests.write("POST", ROOT, { ...fields, id })) as ArticleDetail;
  saveDraft = async (id: string, draft: { fields: ArticleFields; based_on: number; revision: number }): Promise<ArticleDetail> => (await this.requests.write("PUT", `${at(id)}/draft`, draft)) as ArticleDetail;
  discardDraft = async (id: string, revision: number): Promise<ArticleDetail> => (await this.requests.write("DELETE", `${at(id)}/draft?revision=${revision}`)) as ArticleDetail;
  delete = async (id: string, seen: { based_on: number; revision: number }): Promise<unknown> => this.requests.write("DELETE", `${at(id)}?based_on=${seen.based_on}&revision=${seen.revision}`);
  publish = async (id: string, seen: { based_on: number; revision: number }): Promise<ArticleDetail> => (await this.requests.write("POST", `${at(id)}/publish`, seen)) as ArticleDetail;
  unpublish = async (id: string, basedOn: number): Promise<ArticleDetail> => (await this.requests.write("POST", `${at(id)}/unpublish`, { based_on: basedOn })) as ArticleDetail;
  versions = async (id: string, before?: number): Promise<ArticleVersions> => (await this.requests.read(`${at(id)}/versions${before === undefined ? "" : `?before=${before}`}`)) as ArticleVersions;
  version = async (id: string, number: number): Promise<ArticleVersionDetail> => (await this.requests.read(`${at(id)}/versions/${number}`)) as ArticleVersionDetail;
  restore = async (id: string, number: number, basedOn: number): Promise<ArticleDetail> => (await this.requests.write("POST", `${at(id)}/restore`, { number, based_on: basedOn })) as ArticleDetail;
  preview = async (content: string, signal: AbortSignal): Promise<string> => ((await this.requests.write("POST", `${ROOT}/preview`, { content }, signal)) as { html: string }).html;
  suggest = async (q: string, signal: AbortSignal): Promise<ArticleTitle[]> => ((await this.requests.read(`/api/desk/article-suggestions?q=${encodeURIComponent(q)}`, signal)) as { articles: ArticleTitle[] }).articles;
}

function at(id: string): string {
  return `${ROOT}/${encodeURIComponent(id)}`;
}
