/** The elements of the page "Articles", for the desk's composition root. */
import { ArticleConflict } from "./article-conflict.js";
import { ArticleEditor } from "./article-editor.js";
import { ArticleForm } from "./article-form.js";
import { ArticleHistory } from "./article-history.js";
import { ArticleListView } from "./article-list.js";
import { ArticlePreview } from "./article-preview.js";
import { ArticlesPage } from "./articles-page.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { MarkdownField } from "./markdown-field.js";
import { RelatedField } from "./related-field.js";

export const STUDIO = [ArticleConflict, ArticleEditor, ArticleForm, ArticleHistory, ArticleListView, ArticlePreview, ArticlesPage, ConfirmDialog, MarkdownField, RelatedField] as const;
