/* The sentences of an evaluation's report, in English and Chinese: one table. Floor 6.
 *
 * A phrase may have places {1} .. {4}, which phrase() fills; what is filled in is plain text. */
#ifndef BMU_REPORT_PHRASES_H
#define BMU_REPORT_PHRASES_H

#include "base/mem.h"
#include "draw/words.h"

/* clang-format off */
#define PHRASES(X) \
    X(TITLE,            "Evaluation of predictions of breast malignancy", "乳腺恶性预测的评估报告") \
    X(RESEARCH_ONLY,    "For research. Not a medical device: nothing here is a diagnosis or advice on a patient.", "仅供研究使用。本报告不是医疗器械，不构成对任何患者的诊断或建议。") \
    X(SYNTHETIC,        "The truth table says synthetic = yes: no such patient exists, and no number here says anything about patients.", "真实结果表标明 synthetic = yes：这些患者并不存在，本报告的数字不能说明任何真实患者的情况。") \
    X(CODE,             "Code", "代码版本") \
    X(SUMMARY,          "Summary", "摘要") \
    X(MEASURE,          "Measure", "指标") \
    X(VALUE,            "Value", "数值") \
    X(INTERVAL,         "{1} % interval", "{1} % 置信区间") \
    X(COUNTS,           "Counts", "计数") \
    X(SUMMARY_CAPTION,  "The chief numbers, n = {1} exams ({2} malignant). Sensitivity and what follows: score >= {3} ({4}); Wilson intervals.", "主要结果，n = {1} 次检查（恶性 {2}）。灵敏度及以下各项：评分 ≥ {3}（{4}）；Wilson 区间。") \
    X(SUMMARY_NO_THRESHOLD, "The chief numbers, n = {1} exams ({2} malignant).", "主要结果，n = {1} 次检查（恶性 {2}）。") \
    X(EXAMS_ANALYSED,   "Exams analysed", "纳入分析的检查") \
    X(MALIGNANT,        "Malignant", "恶性") \
    X(BENIGN,           "Benign", "良性") \
    X(NOT_MALIGNANT,    "Not malignant", "非恶性") \
    X(PATIENTS,         "Patients", "患者") \
    X(AUC_WORD,         "Area under the ROC curve (AUC)", "ROC 曲线下面积（AUC）") \
    X(AUC_BY_PATIENT,   "AUC, DeLong by patient (Obuchowski 1997)", "AUC，按患者聚类的 DeLong 法（Obuchowski 1997）") \
    X(AUC_PLAIN,        "AUC, DeLong", "AUC，DeLong 法") \
    X(AUC_IGNORING,     "AUC, DeLong, patients ignored", "AUC，DeLong 法，忽略患者聚类") \
    X(AUC_LOGIT,        "AUC, logit interval", "AUC，logit 区间") \
    X(AUC_BOOTSTRAP,    "AUC, bootstrap over patients (BCa)", "AUC，按患者自助法（BCa）") \
    X(PARTIAL,          "Partial AUC, {1} {2} to {3}", "部分 AUC，{1} {2} 至 {3}") \
    X(PARTIAL_CORRECTED, "Partial AUC, McClish's scale", "部分 AUC，McClish 校正") \
    X(AXIS_SPECIFICITY, "specificity", "特异度") \
    X(AXIS_SENSITIVITY, "sensitivity", "灵敏度") \
    X(AVERAGE_PRECISION, "Average precision", "平均精确率") \
    X(SENSITIVITY_WORD, "Sensitivity", "灵敏度") \
    X(SPECIFICITY_WORD, "Specificity", "特异度") \
    X(PPV_WORD,         "Positive predictive value", "阳性预测值") \
    X(NPV_WORD,         "Negative predictive value", "阴性预测值") \
    X(ACCURACY_WORD,    "Accuracy", "准确率") \
    X(LR_POSITIVE,      "Positive likelihood ratio", "阳性似然比") \
    X(LR_NEGATIVE,      "Negative likelihood ratio", "阴性似然比") \
    X(WORST_SENSITIVITY, "Sensitivity, exams without score counted as missed", "灵敏度（无评分的检查按漏诊计）") \
    X(WORST_SPECIFICITY, "Specificity, exams without score counted as false alarms", "特异度（无评分的检查按误报计）") \
    X(NOT_DEFINED,      "not defined", "无定义") \
    X(NOT_COMPUTED,     "Not computed: {1}.", "未计算：{1}。") \
    X(PARTICIPANTS,     "Participants", "研究对象") \
    X(FLOW_CAPTION,     "Flow of exams, n = {1} in the truth table. The ids of all exams that left are in results.json.", "检查流程图，真实结果表中 n = {1}。各步排除的检查编号见 results.json。") \
    X(FLOW_TITLE,       "Flow of participants", "研究对象流程") \
    X(FLOW_TABLE,       "Rows of the tables, all of them", "各表所有行的去向") \
    X(FLOW_TRUTH_TEXT,  "Exams in the truth table (n = {1})", "真实结果表中的检查（n = {1}）") \
    X(FLOW_NO_PREDICTION_TEXT, "No row in the predictions (n = {1})", "预测表中无此检查（n = {1}）") \
    X(FLOW_REFUSED_TEXT, "Refused by the model (n = {1})", "被模型拒绝（n = {1}）") \
    X(FLOW_UNKNOWN_TEXT, "Truth not known (n = {1})", "真实结果未知（n = {1}）") \
    X(FLOW_ANALYSED_TEXT, "Exams analysed (n = {1})", "纳入分析的检查（n = {1}）") \
    X(FLOW_MALIGNANT_TEXT, "Malignant (n = {1})", "恶性（n = {1}）") \
    X(FLOW_BENIGN_TEXT, "Not malignant (n = {1})", "非恶性（n = {1}）") \
    X(FLOW_ROW_TRUTH, "exams in the truth table", "真实结果表中的检查") \
    X(FLOW_ROW_NO_PREDICTION, "of these without a row in the predictions", "其中预测表中无此检查") \
    X(FLOW_ROW_REFUSED, "of these refused by the model", "其中被模型拒绝") \
    X(FLOW_ROW_TRUTH_UNKNOWN, "of these with a score, but whose truth is not known", "其中有评分但真实结果未知") \
    X(FLOW_ROW_ANALYSED, "exams analysed", "纳入分析的检查") \
    X(FLOW_ROW_OTHER_PART, "exams in other parts of the truth table's split, not counted above", "真实结果表中属于其他划分的检查，未计入以上各项") \
    X(FLOW_ROW_NO_TRUTH, "predictions of exams that the truth table does not list", "真实结果表中没有的检查的预测") \
    X(FLOW_ROW_READING_NOT_ANALYSED, "readings of exams that are not analysed", "未纳入分析的检查的阅片") \
    X(FLOW_ROW_READING_INCOMPLETE, "readings without an assessment (empty, or BI-RADS 0)", "无评估的阅片（空白或 BI-RADS 0）") \
    X(FLOW_ROW_READING_PROVEN, "readings of BI-RADS 6, malignancy proven before", "BI-RADS 6（恶性已证实）的阅片") \
    X(ROWS_WORD,        "Rows", "行数") \
    X(WHAT_WORD,        "What", "内容") \
    X(PATIENTS_NOTE,    "{1} exams of {2} patients; intervals marked \"by patient\" count both breasts of a woman as one.", "{1} 次检查来自 {2} 名患者；标注“按患者”的区间将同一患者的双侧乳腺视为一个聚类。") \
    X(NO_PATIENTS_NOTE, "The truth table has no patient_id: each exam is taken as independent. If women have several exams, intervals are too short.", "真实结果表无 patient_id 列：各检查视为相互独立。若同一患者有多次检查，区间会过窄。") \
    X(WITHOUT_PATIENT_NOTE, "{1} exams have no patient_id; each is taken as a patient of its own.", "{1} 次检查没有 patient_id，各视为一名独立患者。") \
    X(RESCALED_NOTE,    "The class probabilities of {1} rows missed 1 and were divided by their sum.", "{1} 行的类别概率之和不为 1，已除以其和。") \
    X(DISCRIMINATION,   "Malignant or benign", "良恶性鉴别") \
    X(MODEL,            "Model", "模型") \
    X(OPERATING,        "Thresholds", "阈值") \
    X(READERS_WORD,     "Readers", "阅片者") \
    X(READERS_AT,       "BI-RADS {1} and above is positive", "BI-RADS {1} 及以上为阳性") \
    X(AUC_NOTE,         "AUC {1} ({2} to {3}), n = {4}", "AUC {1}（{2} 至 {3}），n = {4}") \
    X(ROC_CAPTION,      "Receiver operating characteristic, n = {1} exams ({2} malignant, {3} not). Bars: Wilson intervals.", "受试者工作特征曲线，n = {1} 次检查（恶性 {2}，非恶性 {3}）。误差线：Wilson 区间。") \
    X(PR_CAPTION,       "Precision and recall, n = {1} exams ({2} malignant). Average precision {3}; a score without information gives the prevalence, {4}.", "精确率-召回率曲线，n = {1} 次检查（恶性 {2}）。平均精确率 {3}；无信息评分的水平为患病率 {4}。") \
    X(SCORES_CAPTION,   "Scores of malignant (n = {1}) and other exams (n = {2}); the line is the primary threshold.", "恶性（n = {1}）与非恶性（n = {2}）检查的评分分布；竖线为主要阈值。") \
    X(AUC_TABLE,        "Areas under curves, n = {1} exams ({2} malignant)", "曲线下面积，n = {1} 次检查（恶性 {2}）") \
    X(COMPARED_TABLE,   "Other scores on the same exams; DeLong's intervals and paired test, by patient where women have several exams. Difference: the model less the score", "相同检查上的其他评分；DeLong 区间与配对检验，同一患者有多次检查时按患者聚类。差值：模型减该评分") \
    X(AUC_COMPARED,     "AUC of {1}, to compare", "AUC，{1}（对照）") \
    X(EXAMS_COUNT,      "{1} exams", "{1} 次检查") \
    X(SCORE_WORD,       "Score", "评分") \
    X(AUC_OF_MODEL,     "AUC, model", "AUC，模型") \
    X(THRESHOLDS,       "At fixed thresholds", "固定阈值下的结果") \
    X(THRESHOLD_TABLE,  "Threshold \"{1}\": score >= {2} is positive ({3}), n = {4} exams. Wilson and Clopper-Pearson intervals, and BCa of the bootstrap over patients", "阈值“{1}”：评分 ≥ {2} 为阳性（{3}），n = {4} 次检查。Wilson 与 Clopper-Pearson 区间，以及按患者自助法 BCa 区间") \
    X(ORIGIN_PLANNED,   "fixed in the plan", "计划中预先设定") \
    X(ORIGIN_CHOSEN,    "chosen on other exams in this run", "本次在其他检查上选定") \
    X(ORIGIN_LOCKED,    "chosen on other exams before and locked", "此前在其他检查上选定并锁定") \
    X(PREVALENCE_TABLE, "Predictive values at other prevalences, threshold \"{1}\", n = {2} exams; adjusted logit intervals (Mercaldo 2007)", "其他患病率下的预测值，阈值“{1}”，n = {2} 次检查；校正 logit 区间（Mercaldo 2007）") \
    X(PREVALENCE_WORD,  "Prevalence", "患病率") \
    X(TIERS,            "Tiers and the disease tree", "分层与疾病树") \
    X(POSITIVE,         "Counts as malignant in this report, by the disease tree {1}: {2}.", "本报告中按疾病树 {1} 视为恶性：{2}。") \
    X(CONFUSION_CAPTION, "Level {1}: truth by row, most probable class by column, n = {2} exams", "层级 {1}：行为真实类别，列为最可能类别，n = {2} 次检查") \
    X(CONFUSION_LARGE,  "Level {1} has {2} classes, more than a figure can show; truth by row, most probable class by column: {3}.", "层级 {1} 有 {2} 个类别，超出图可显示的数目；行为真实类别，列为最可能类别：{3}。") \
    X(CONFUSION_TITLE,  "Level {1}", "层级 {1}") \
    X(TIERS_TABLE,      "Level {1}, n = {2} exams whose tier is known; Wilson interval of the accuracy", "层级 {1}，n = {2} 次已知分层的检查；准确率为 Wilson 区间") \
    X(TREE_COST,        "Mean length of the path in the tree from the true to the predicted tier: {1} edges, n = {2} exams.", "疾病树中真实分层与预测分层间的平均路径长度：{1} 条边，n = {2} 次检查。") \
    X(CLASS_AUC,        "AUC, {1} against the rest", "AUC，{1} 对其余") \
    X(BALANCED,         "Balanced accuracy", "平衡准确率") \
    X(MACRO_AUC,        "Macro AUC", "宏平均 AUC") \
    X(HAND_TILL,        "Hand and Till's M", "Hand-Till M") \
    X(KAPPA_WORD,       "Kappa", "Kappa") \
    X(KAPPA_LINEAR_WORD, "Linear kappa", "线性加权 Kappa") \
    X(KAPPA_QUADRATIC_WORD, "Quadratic kappa", "二次加权 Kappa") \
    X(DISTANCE_WORD,    "Mean distance", "平均距离") \
    X(READERS_TITLE,    "Readers", "阅片者比较") \
    X(READER_WORD,      "Reader", "阅片者") \
    X(CONDITION_WORD,   "Condition", "条件") \
    X(READERS_TABLE,    "Readers (BI-RADS {1} and above is positive), each on the exams that he or she read; Wilson intervals", "阅片者（BI-RADS {1} 及以上为阳性），各自所读检查；Wilson 区间") \
    X(COMPARISON_TABLE, "Model (threshold \"{1}\") less reader, same exams. McNemar's mid-p, Tango's interval, DeLong's test; non-inferiority with a margin of {2}, one-sided p", "模型（阈值“{1}”）减阅片者，相同检查。McNemar mid-p、Tango 区间、DeLong 检验；非劣效界值 {2}，单侧 p") \
    X(DIFFERENCE_OF,    "Difference of", "差值") \
    X(P_WORD,           "p", "p") \
    X(P_NONINFERIOR,    "p (non-inferiority)", "p（非劣效）") \
    X(AGREEMENT_TABLE,  "Agreement of readers on BI-RADS categories, exams read by both", "阅片者间 BI-RADS 分类一致性（双方均读的检查）") \
    X(FLEISS_NOTE,      "Fleiss's kappa of all readers: {1} ({2} to {3}), n = {4} exams read by all.", "全体阅片者 Fleiss Kappa：{1}（{2} 至 {3}），n = {4} 次全体均读的检查。") \
    X(MEAN_READER,      "Mean AUC of the readers, random readers and cases{1}: {2} ({3} to {4}).", "阅片者平均 AUC（阅片者与病例均随机）{1}：{2}（{3} 至 {4}）。") \
    X(MRMC_TABLE,       "Multi-reader multi-case: mean AUC under \"{1}\" less that under \"{2}\" (Obuchowski and Rockette, degrees of freedom by Hillis), {3} readers, n = {4} exams", "多阅片者多病例：条件“{1}”平均 AUC 减条件“{2}”（Obuchowski-Rockette 法，Hillis 自由度），{3} 名阅片者，n = {4} 次检查") \
    X(MRMC_BOTH,        "random readers, random cases", "阅片者随机，病例随机") \
    X(MRMC_READERS,     "fixed readers, random cases", "阅片者固定，病例随机") \
    X(MRMC_CASES,       "random readers, fixed cases", "阅片者随机，病例固定") \
    X(MRMC_PATIENTS,    "Several exams of one patient are taken as independent in this table.", "本表中同一患者的多次检查按相互独立处理。") \
    X(GENERALISE,       "Generalises to", "推断范围") \
    X(BIOPSY,           "Biopsy as pathologists read it", "病理医师的活检判读") \
    X(BIOPSY_TABLE,     "Accuracy of pathologists (in situ and invasive are malignant) and of the model (threshold \"{1}\") against the truth, same exams; McNemar's mid-p, Tango's interval, non-inferiority with a margin of {2}", "病理医师（原位与浸润为恶性）与模型（阈值“{1}”）相对真实结果的准确率，相同检查；McNemar mid-p，Tango 区间，非劣效界值 {2}") \
    X(READING_WORD,     "Reading", "判读") \
    X(PATHOLOGIST_ACCURACY, "Accuracy, pathologist", "准确率，病理医师") \
    X(MODEL_ACCURACY,   "Accuracy, model", "准确率，模型") \
    X(DIFFERENCE_WORD,  "Difference", "差值") \
    X(CALIBRATION,      "Calibration", "校准") \
    X(RELIABILITY_CAPTION, "Observed against predicted, n = {1} exams in {2} bins of {3}; bars: Wilson intervals; below: all predictions.", "观察比例与预测概率，n = {1} 次检查，{2} 个{3}分组；误差线：Wilson 区间；下方为全部预测的分布。") \
    X(EQUAL_MASS,       "equal number", "等频") \
    X(EQUAL_WIDTH,      "equal width", "等宽") \
    X(AS_GIVEN,         "as given", "原始") \
    X(PLATT_WORD,       "after Platt", "Platt 校准后") \
    X(ISOTONIC_WORD,    "after isotonic regression", "保序回归校准后") \
    X(TEMPERATURE_WORD, "after temperature scaling", "温度缩放后") \
    X(CALIBRATION_TABLE, "Calibration, n = {1} exams; recalibrations were fitted on {2} other exams", "校准，n = {1} 次检查；重校准在另外 {2} 次检查上拟合") \
    X(SCORES_WORD,      "Scores", "评分") \
    X(INTERCEPT,        "Intercept", "截距") \
    X(SLOPE,            "Slope", "斜率") \
    X(BRIER,            "Brier score", "Brier 分数") \
    X(ECE,              "Expected error", "期望校准误差") \
    X(ICI,              "ICI", "ICI") \
    X(HOSMER,           "Hosmer-Lemeshow p", "Hosmer-Lemeshow p") \
    X(UTILITY,          "What would be decided", "临床效用") \
    X(DECISION_CAPTION, "Net benefit per exam, n = {1} exams ({2} malignant); band: bootstrap over patients.", "每次检查的净获益，n = {1} 次检查（恶性 {2}）；阴影：按患者自助法区间。") \
    X(DOWNGRADE_TABLE,  "Lesions of BI-RADS categories that lead to biopsy, with a score below the threshold: biopsies avoided and cancers missed", "按 BI-RADS 应活检而评分低于阈值的病灶：可避免的活检与漏诊的癌") \
    X(CATEGORY,         "BI-RADS", "BI-RADS") \
    X(ELIGIBLE,         "Lesions (malignant)", "病灶（恶性）") \
    X(AVOIDED,          "Biopsies avoided", "避免的活检") \
    X(MISSED,           "Cancers missed", "漏诊的癌") \
    X(MISSED_TIERS,     "by tier", "按分层") \
    X(UPPER_BOUND,      "Miss rate, upper bound", "漏诊率上界") \
    X(NEEDED,           "Downgrades needed", "所需降级数") \
    X(DOWNGRADE_NOTE,   "BI-RADS 3 allows a risk of {1} %. It is the exact one-sided {2} % upper bound of the miss rate that is held against it, not the rate that was seen: without a single miss it takes {3} downgraded lesions to bring it to the limit. A bound above the limit shows nothing in favour of a downgrade.", "BI-RADS 3 允许的恶性风险为 {1} %。与之比较的是漏诊率的单侧 {2} % 精确上界，而非观察到的漏诊率：即使无一漏诊，也需 {3} 个降级病灶才能使上界降至该限值。上界高于限值时，不能支持降级。") \
    X(BOUND_WITHIN,     "within the limit", "在限值内") \
    X(BOUND_ABOVE,      "not shown to be within the limit", "未能证明在限值内") \
    X(SUBGROUPS,        "Subgroups", "亚组") \
    X(FOREST_CAPTION,   "AUC by subgroup, n = {1} exams; DeLong intervals. Fewer than {2} malignant or {3} other exams: counts only.", "各亚组 AUC，n = {1} 次检查；DeLong 区间。恶性少于 {2} 或非恶性少于 {3} 的亚组仅列计数。") \
    X(FOREST_TITLE,     "AUC by subgroup", "各亚组 AUC") \
    X(AUC_AXIS,         "AUC ({1} % interval)", "AUC（{1} % 区间）") \
    X(ALL_EXAMS,        "All exams", "全部检查") \
    X(ONLY_MALIGNANT,   "{1} malignant", "恶性 {1} 例") \
    X(ONLY_OTHERS,      "{1} not malignant", "非恶性 {1} 例") \
    X(INTERACTION_TABLE, "Do subgroups differ? Heterogeneity of the AUCs (Cochran), interaction of score and subgroup (likelihood ratio), adjusted by Holm", "亚组间是否不同？AUC 异质性（Cochran），评分与亚组交互作用（似然比），Holm 校正") \
    X(COLUMN_WORD,      "Column", "变量") \
    X(GROUPS_WORD,      "Subgroups", "亚组数") \
    X(UNKNOWN_WORD,     "Not known", "未知") \
    X(HETEROGENEITY_P,  "p, heterogeneity", "p，异质性") \
    X(INTERACTION_P,    "p, interaction", "p，交互作用") \
    X(HOLM_P,           "p, Holm", "p，Holm 校正") \
    X(SAMPLES,          "How many a next study would need", "后续研究所需样本量") \
    X(SAMPLES_TABLE,    "Planning numbers from the estimates above, at power 0.8; formulas as printed", "基于上述估计的计划样本量，检验效能 0.8；公式如下") \
    X(SAMPLE_AUC,       "AUC with a half-width of 0.05", "AUC 区间半宽 0.05") \
    X(SAMPLE_CHANCE,    "AUC against 0.5", "AUC 与 0.5 比较") \
    X(SAMPLE_PAIRED,    "Paired AUCs that differ by 0.05, correlation 0.5", "配对 AUC 相差 0.05，相关 0.5") \
    X(SAMPLE_SENSITIVITY, "Sensitivity with a half-width of 0.05", "灵敏度区间半宽 0.05") \
    X(SAMPLE_MRMC,      "Reader study, same readers, difference 0.05", "相同阅片者的阅片研究，差值 0.05") \
    X(TOTAL,            "Exams", "检查数") \
    X(FORMULA,          "Formula", "公式") \
    X(CITATION,         "Source", "来源") \
    X(CHECKLISTS,       "Reporting checklists", "报告规范清单") \
    X(CHECKLIST_NOTE,   "Shortened wordings; the published lists are what counts. What this report cannot know is for the author.", "条目措辞为摘要，以正式发布的清单为准。本报告无法得知的内容由作者填写。") \
    X(FILES,            "Files and settings", "文件与设置") \
    X(FILES_TABLE,      "Every file that was read", "所读取的全部文件") \
    X(ROLE_WORD,        "Role", "用途") \
    X(FILE_WORD,        "File", "文件") \
    X(SETTINGS_NOTE,    "Plan \"{1}\", intervals of {2} %, {3} resamples of patients, seed {4}.", "计划“{1}”，{2} % 区间，按患者重抽样 {3} 次，随机种子 {4}。") \
    X(NONE_WORD,        "none", "无")
/* clang-format on */

enum phrase {
#define X(key, english, chinese) PHRASE_##key,
    PHRASES(X)
#undef X
        PHRASE_COUNT
};

/* The phrase with {1} .. {4} filled in from arguments (NULL-terminated char pointers), in the arena. "" for want of memory (the document
 * then fails by itself). */
const char *phrase(struct arena *a, enum words_language language, enum phrase key, ...) __attribute__((sentinel));
/* As it stands. Static. */
const char *phrase_text(enum words_language language, enum phrase key);

#endif
