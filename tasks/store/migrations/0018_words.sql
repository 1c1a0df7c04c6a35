-- What every column holds that had no words yet, for whoever opens a store or reads its reference.

COMMENT ON COLUMN aliases.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN aliases.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN aliases.name IS 'A name as seeds spell it';
COMMENT ON COLUMN aliases.point_id IS 'The knowledge point';

COMMENT ON COLUMN attempts.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN attempts.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN attempts.item_id IS 'The benchmark item';
COMMENT ON COLUMN attempts.sample IS 'Number of the sample, from 0';
COMMENT ON COLUMN attempts.call_id IS 'The call that brought it';

COMMENT ON COLUMN basis.digest IS 'Hash of the data';

COMMENT ON COLUMN batched.call_id IS 'The call that brought it';
COMMENT ON COLUMN batched.batch IS 'The batch that the call went with';

COMMENT ON COLUMN batches.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN batches.sent_at IS 'When the server took it, UTC';

COMMENT ON COLUMN benchmark_items.benchmark IS 'Name of its file';
COMMENT ON COLUMN benchmark_items.line IS 'Line or row number in the file, from 1';
COMMENT ON COLUMN benchmark_items.problem IS 'Text of the problem';
COMMENT ON COLUMN benchmark_items.answer IS 'The right answer';
COMMENT ON COLUMN benchmark_items.level IS 'Level of the item, where a column says one';
COMMENT ON COLUMN benchmark_items.subject IS 'Subject of the item, where a column says one';

COMMENT ON COLUMN calls.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN calls.run_id IS 'The run that made it';
COMMENT ON COLUMN calls.stage IS 'The stage that asked';
COMMENT ON COLUMN calls.role IS 'The role it was asked in';
COMMENT ON COLUMN calls.endpoint IS 'Name of the endpoint in the settings';
COMMENT ON COLUMN calls.model IS 'Name of the model';
COMMENT ON COLUMN calls.finish_reason IS 'Why the server ended the answer, in its word';
COMMENT ON COLUMN calls.input_tokens IS 'Tokens that were sent';
COMMENT ON COLUMN calls.cached_tokens IS 'Of the tokens that were sent, those the server had cached';
COMMENT ON COLUMN calls.output_tokens IS 'Tokens that came back';
COMMENT ON COLUMN calls.reasoning_tokens IS 'Of the tokens that came back, those of a thought';
COMMENT ON COLUMN calls.reasoning IS 'The thought of a model that thinks';
COMMENT ON COLUMN calls.ended_at IS 'When it ended, UTC';

COMMENT ON COLUMN combinations.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN combinations.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN combinations.relation IS 'How the points are tied: one_hop, two_hop, three_hop, community, or a control';
COMMENT ON COLUMN combinations.points IS 'Its 2 to 4 knowledge points; a walk has up to 10';
COMMENT ON COLUMN combinations.weight IS 'How strongly its points are tied; what counts is said of each relation';

COMMENT ON COLUMN communities.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN communities.point_id IS 'The knowledge point';

COMMENT ON COLUMN current_elections.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN current_elections.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN current_elections.problem_id IS 'The problem it is about';
COMMENT ON COLUMN current_elections.kind IS 'votes, or proof and open: nothing to compare, the judges alone decide';
COMMENT ON COLUMN current_elections.asked IS 'Solutions asked for';
COMMENT ON COLUMN current_elections.spared IS 'Solutions not asked for, since none of them could have changed the outcome';
COMMENT ON COLUMN current_elections.classes IS 'Solutions that agree, by answer, most first';
COMMENT ON COLUMN current_elections.share IS 'Of the largest class among the solutions asked for';
COMMENT ON COLUMN current_elections.difficulty IS 'easy, medium or hard by that share; the rater''s word is in passes';

COMMENT ON COLUMN current_mentions.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN current_mentions.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN current_mentions.seed_id IS 'The seed it is about';
COMMENT ON COLUMN current_mentions.position IS 'Place in the list of the seed, from 0';
COMMENT ON COLUMN current_mentions.name IS 'The name as the model or the column gave it';

COMMENT ON COLUMN current_passes.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN current_passes.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN current_passes.stage IS 'review, grade or screen';
COMMENT ON COLUMN current_passes.problem_id IS 'The problem it is about';
COMMENT ON COLUMN current_passes.score IS 'review: weighted mean of the judges; grade: share of the winning answer among the solutions';
COMMENT ON COLUMN current_passes.difficulty IS 'What the rater said; NULL for stages that do not rate';
COMMENT ON COLUMN current_passes.solution_id IS 'grade and screen: the chosen solution';

COMMENT ON COLUMN current_problems.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN current_problems.combination_id IS 'The combination it was asked for';
COMMENT ON COLUMN current_problems.sample IS 'Number of the problem among those of its combination, from 0';
COMMENT ON COLUMN current_problems.text IS 'The text as it was read from the answer';
COMMENT ON COLUMN current_problems.position IS 'Place in the order of sampling, from 0';
COMMENT ON COLUMN current_problems.relation IS 'How the points are tied: one_hop, two_hop, three_hop, community, or a control';
COMMENT ON COLUMN current_problems.names IS 'Names of the points that were asked for';

COMMENT ON COLUMN current_recipes.stage IS 'The stage';
COMMENT ON COLUMN current_recipes.recipe IS 'Of sample and screen also of the data that they rest on (basis)';

COMMENT ON COLUMN current_rejects.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN current_rejects.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN current_rejects.stage IS 'The stage at which it ended';
COMMENT ON COLUMN current_rejects.subject_id IS 'Id of the item: seed row, extraction, name, problem or solution';
COMMENT ON COLUMN current_rejects.reason IS 'Short code to group by';
COMMENT ON COLUMN current_rejects.detail IS 'More about the reason, for people';
COMMENT ON COLUMN current_rejects.seed_id IS 'extract: the seed that a name was read in; NULL in rows of older stores';

COMMENT ON COLUMN current_seeds.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN current_seeds.problem IS 'Text of the problem';
COMMENT ON COLUMN current_seeds.solution IS 'Text of the solution';
COMMENT ON COLUMN current_seeds.answer IS 'The final answer';
COMMENT ON COLUMN current_seeds.points IS 'Knowledge points the row itself carried; extraction is skipped when there are any';
COMMENT ON COLUMN current_seeds.metadata IS 'The other columns of the row, as JSON';
COMMENT ON COLUMN current_seeds.source IS 'The file it stands in';
COMMENT ON COLUMN current_seeds.line IS 'Line (JSONL) or row number in the source, from 1';

COMMENT ON COLUMN edges.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN edges.a IS 'The point with the smaller id';
COMMENT ON COLUMN edges.b IS 'The point with the larger id';

COMMENT ON COLUMN elections.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN elections.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN elections.problem_id IS 'The problem it is about';

COMMENT ON COLUMN embeddings.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN embeddings.model IS 'Name of the model';
COMMENT ON COLUMN embeddings.name IS 'The name that was embedded';
COMMENT ON COLUMN embeddings.vector IS 'The embedding';

COMMENT ON COLUMN evidence.recipe IS 'Hash of all that shaped the row but its data (see recipes)';

COMMENT ON COLUMN examinees.run_id IS 'The run that wrote it';
COMMENT ON COLUMN examinees.model IS 'Name of the model';
COMMENT ON COLUMN examinees.prompt IS 'The prompt file';
COMMENT ON COLUMN examinees.recipe IS 'Hash of all that shaped the row but its data (see recipes)';

COMMENT ON COLUMN findings.text IS 'The sentence';

COMMENT ON COLUMN frontier.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN frontier.position IS 'Position of the first combination that is still open';

COMMENT ON COLUMN gate_audits.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN gate_audits.audited_at IS 'When the audit ended, UTC';
COMMENT ON COLUMN gate_audits.gate IS 'The gate';
COMMENT ON COLUMN gate_audits.rejected_good IS 'Items the gate rejected and the verifier finds good';
COMMENT ON COLUMN gate_audits.rejected_bad IS 'Items the gate rejected and the verifier finds bad';
COMMENT ON COLUMN gate_audits.accepted_good IS 'Items the gate accepted and the verifier finds good';
COMMENT ON COLUMN gate_audits.accepted_bad IS 'Items the gate accepted and the verifier finds bad';

COMMENT ON COLUMN grades.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN grades.problem_id IS 'The problem it is about';
COMMENT ON COLUMN grades.solution_id IS 'The solution it is about';
COMMENT ON COLUMN grades.judge IS 'Name of the judge in its panel';
COMMENT ON COLUMN grades.unjudged IS 'Why there is no vote, where the judge gave none';
COMMENT ON COLUMN grades.call_id IS 'The call that brought it';

COMMENT ON COLUMN knowledge_points.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN knowledge_points.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN knowledge_points.name IS 'Name of the point, as the curator chose it, else its most frequent one';

COMMENT ON COLUMN leases.run_id IS 'The run that wrote it';
COMMENT ON COLUMN leases.amount IS 'The amount, in the unit of the budget';

COMMENT ON COLUMN lost.run_id IS 'The run that wrote it';
COMMENT ON COLUMN lost.unit IS 'USD or tokens';
COMMENT ON COLUMN lost.amount IS 'The amount, in its unit';

COMMENT ON COLUMN marks.attempt_id IS 'The attempt it marks';

COMMENT ON COLUMN mentions.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN mentions.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN mentions.seed_id IS 'The seed it is about';
COMMENT ON COLUMN mentions.name IS 'The name as the model or the column gave it';

COMMENT ON COLUMN occurrences.point_id IS 'The point that is mentioned';
COMMENT ON COLUMN occurrences.seed_id IS 'The seed that mentions it';

COMMENT ON COLUMN pairs.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN pairs.position IS 'Place of its combination in the order of sampling, from 0';
COMMENT ON COLUMN pairs.sample IS 'Number of the problem among those of its combination, from 0';
COMMENT ON COLUMN pairs.relation IS 'How the points are tied: one_hop, two_hop, three_hop, community, or a control';
COMMENT ON COLUMN pairs.combination_id IS 'The combination it was asked for';
COMMENT ON COLUMN pairs.points IS 'Names of its knowledge points';
COMMENT ON COLUMN pairs.problem IS 'Text of the problem';
COMMENT ON COLUMN pairs.solution IS 'Text of the solution';
COMMENT ON COLUMN pairs.answer IS 'The final answer';
COMMENT ON COLUMN pairs.difficulty IS 'easy, medium or hard';
COMMENT ON COLUMN pairs.agreement IS 'Share of the solutions that agree with the answer';
COMMENT ON COLUMN pairs.review_score IS 'Weighted mean of the judges, 0 to 1';
COMMENT ON COLUMN pairs.solution_id IS 'The accepted solution';

COMMENT ON COLUMN passes.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN passes.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN passes.problem_id IS 'The problem it is about';
COMMENT ON COLUMN passes.difficulty IS 'What the rater said; NULL for stages that do not rate';

COMMENT ON COLUMN problems.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN problems.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN problems.combination_id IS 'The combination it was asked for';
COMMENT ON COLUMN problems.text IS 'The text as it was read from the answer';
COMMENT ON COLUMN problems.call_id IS 'The call that brought it';

COMMENT ON COLUMN proposals.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN proposals.name IS 'The first name';
COMMENT ON COLUMN proposals.other IS 'The second name';

COMMENT ON COLUMN quoted.quote_id IS 'The quote it belongs to';
COMMENT ON COLUMN quoted.expected IS 'The figure that is most likely';
COMMENT ON COLUMN quoted.high IS 'The upper end of its interval';

COMMENT ON COLUMN quotes.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN quotes.quoted_at IS 'When it was made, UTC';
COMMENT ON COLUMN quotes.target_pairs IS 'Pairs it was asked for';

COMMENT ON COLUMN readings.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN readings.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN readings.problem_id IS 'The problem it is about';
COMMENT ON COLUMN readings.names IS 'Names of its knowledge points';
COMMENT ON COLUMN readings.fault IS 'Why the points could not be read, where they could not';

COMMENT ON COLUMN recipes.run_id IS 'The run';
COMMENT ON COLUMN recipes.stage IS 'The stage';

COMMENT ON COLUMN rejects.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN rejects.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN rejects.stage IS 'The stage at which it ended';
COMMENT ON COLUMN rejects.detail IS 'More about the reason, for people';

COMMENT ON COLUMN repeats.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN repeats.problem_id IS 'The problem it is about';

COMMENT ON COLUMN reviews.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN reviews.problem_id IS 'The problem it is about';
COMMENT ON COLUMN reviews.call_id IS 'The call that brought it';

COMMENT ON COLUMN runs.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN runs.started_at IS 'When it began, UTC';
COMMENT ON COLUMN runs.ended_at IS 'When it ended, UTC; NULL while it runs or after it was killed';

COMMENT ON COLUMN seeds.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN seeds.problem IS 'Text of the problem';
COMMENT ON COLUMN seeds.solution IS 'Text of the solution';
COMMENT ON COLUMN seeds.answer IS 'The final answer';
COMMENT ON COLUMN seeds.source IS 'The file it stands in';

COMMENT ON COLUMN selection.seed_id IS 'A seed that takes part';

COMMENT ON COLUMN solutions.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN solutions.problem_id IS 'The problem it is about';
COMMENT ON COLUMN solutions.sample IS 'Number of the solution among those of its problem, from 0';
COMMENT ON COLUMN solutions.text IS 'The text as it was read from the answer';
COMMENT ON COLUMN solutions.call_id IS 'The call that brought it';

COMMENT ON COLUMN spending.stage IS 'The stage it belongs to';
COMMENT ON COLUMN spending.model IS 'Name of the model';
COMMENT ON COLUMN spending.calls IS 'Requests, whatever came of them';
COMMENT ON COLUMN spending.retries IS 'Tries that were repeated';
COMMENT ON COLUMN spending.faults IS 'Calls without a usable answer';
COMMENT ON COLUMN spending.input_tokens IS 'Tokens that were sent';
COMMENT ON COLUMN spending.cached_tokens IS 'Of the tokens that were sent, those the server had cached';
COMMENT ON COLUMN spending.output_tokens IS 'Tokens that came back';
COMMENT ON COLUMN spending.reasoning_tokens IS 'Of the tokens that came back, those of a thought';
COMMENT ON COLUMN spending.seconds IS 'Seconds that calls ran, added up';
COMMENT ON COLUMN spending.cost IS 'USD, where prices are known';
COMMENT ON COLUMN spending.cost_of_rejected IS 'Of that, USD for what is in no pair';

COMMENT ON COLUMN trials.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN trials.judge IS 'The judge, or verifier';
COMMENT ON COLUMN trials.call_id IS 'The call that brought it';

COMMENT ON COLUMN verdicts.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN verdicts.recipe IS 'Hash of all that shaped the row but its data (see recipes)';
COMMENT ON COLUMN verdicts.verdict IS 'keep, drop, same or different; unused where an answer had one verdict for every line';

COMMENT ON COLUMN verifier_audits.id IS 'Hash of what the row is made of: the same work has the same id';
COMMENT ON COLUMN verifier_audits.audited_at IS 'When the audit ended, UTC';
COMMENT ON COLUMN verifier_audits.pairs IS 'Pairs of answers that were compared';
COMMENT ON COLUMN verifier_audits.same IS 'Pairs that ours calls the same';
COMMENT ON COLUMN verifier_audits.different IS 'Pairs that ours calls different';
COMMENT ON COLUMN verifier_audits.unknown IS 'Pairs that ours decides nothing about';
COMMENT ON COLUMN quotas.wanted IS 'Hash of target and quotas; under others, screen decides again';
