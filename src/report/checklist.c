/* Reporting checklists: TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378), STARD 2015 (Bossuyt et al., BMJ 351:h5527), on which STARD-AI
 * builds, and CLAIM 2024 (Tejani et al., Radiol Artif Intell 6:e240300), the items shortened in our words, in their numbering. Floor 6. */
#include "report/compose_part.h"

/* What fills an item, and where it stands. */
enum filled { AUTHOR, ALWAYS, IF_THRESHOLD, IF_READERS, IF_CALIBRATION, IF_SUBGROUPS, IF_TIERS, IF_LOCKED };

struct item {
    const char *number, *english, *chinese;
    enum filled filled;
    enum phrase where;
};

static const struct item tripod[] = {
    {"1", "Title: prediction model study, population, outcome", "标题：预测模型研究、人群与结局", AUTHOR, 0},
    {"2", "Abstract (TRIPOD+AI for abstracts)", "摘要（TRIPOD+AI 摘要清单）", AUTHOR, 0},
    {"3", "Background: context, target population, intended use, known health inequalities",
     "背景：医疗情境、目标人群、预期用途、已知健康不平等", AUTHOR, 0},
    {"4", "Objectives: development, evaluation or both", "目的：开发、评估或两者", AUTHOR, 0},
    {"5", "Sources and dates of data, representativeness", "数据来源、时间与代表性", AUTHOR, 0},
    {"6", "Participants: setting, eligibility, treatments", "研究对象：场所、纳排标准、治疗", AUTHOR, 0},
    {"7", "Data preparation and quality checks", "数据准备与质量检查", AUTHOR, 0},
    {"8", "Outcome: definition, assessment, blinding", "结局：定义、评定与设盲", AUTHOR, 0},
    {"9", "Predictors: choice, definition, blinding", "预测因子：选择、定义与设盲", AUTHOR, 0},
    {"10", "Sample size: how it was arrived at", "样本量：如何确定", AUTHOR, 0},
    {"11", "Missing data: how they were handled", "缺失数据的处理", ALWAYS, PHRASE_PARTICIPANTS},
    {"12a-d", "Use of data, model building, internal validation", "数据使用、建模与内部验证", AUTHOR, 0},
    {"12e", "Measures and plots of performance, how they were computed", "性能指标与图形及其计算方法", ALWAYS, PHRASE_DISCRIMINATION},
    {"12f", "Model updating such as recalibration", "模型更新（如重校准）", IF_CALIBRATION, PHRASE_CALIBRATION},
    {"12g", "How predictions were computed for the evaluation", "评估中预测值的计算方式", AUTHOR, 0},
    {"13", "Class imbalance methods and their effect on calibration", "类别不平衡的处理及其对校准的影响", AUTHOR, 0},
    {"14", "Fairness: approaches and rationale", "公平性：方法与依据", IF_SUBGROUPS, PHRASE_SUBGROUPS},
    {"15", "Model output, classification thresholds and how they were set", "模型输出、分类阈值及其确定", IF_THRESHOLD, PHRASE_THRESHOLDS},
    {"16", "Differences between development and evaluation data", "开发数据与评估数据的差异", AUTHOR, 0},
    {"17", "Ethical approval", "伦理审批", AUTHOR, 0},
    {"18", "Open science: funding, conflicts, protocol, registration, data, code", "开放科学：资助、利益冲突、方案、注册、数据、代码",
     AUTHOR, 0},
    {"19", "Patient and public involvement", "患者与公众参与", AUTHOR, 0},
    {"20a", "Flow of participants, with and without the outcome", "研究对象流程，有无结局人数", ALWAYS, PHRASE_PARTICIPANTS},
    {"20b-c", "Characteristics of participants, comparison with development data", "研究对象特征，与开发数据比较", AUTHOR, 0},
    {"21", "Numbers of participants and outcome events in each analysis", "各分析的人数与事件数", ALWAYS, PHRASE_PARTICIPANTS},
    {"22", "The full model, or how to get predictions", "完整模型或获取预测的方式", AUTHOR, 0},
    {"23a", "Performance with confidence intervals, in key subgroups", "性能及置信区间，含关键亚组", ALWAYS, PHRASE_DISCRIMINATION},
    {"23b", "Heterogeneity of performance between clusters", "不同中心间性能的异质性", IF_SUBGROUPS, PHRASE_SUBGROUPS},
    {"24", "Results of model updating", "模型更新结果", IF_CALIBRATION, PHRASE_CALIBRATION},
    {"25-27", "Interpretation, limitations, usability", "解释、局限与可用性", AUTHOR, 0},
};

static const struct item stard[] = {
    {"1-4", "Title, abstract, introduction, objectives", "标题、摘要、引言、目的", AUTHOR, 0},
    {"5", "Prospective or retrospective data collection", "前瞻性或回顾性数据收集", AUTHOR, 0},
    {"6-9", "Eligibility, how and where participants were identified, sampling", "纳排标准、招募方式与地点、抽样", AUTHOR, 0},
    {"10", "Index test and reference standard, to be replicated", "待评价试验与参考标准，可重复的描述", AUTHOR, 0},
    {"11", "Rationale of the reference standard", "参考标准的依据", AUTHOR, 0},
    {"12a", "Positivity cut-offs of the index test, pre-specified or exploratory", "待评价试验阳性界值，预设或探索", IF_THRESHOLD,
     PHRASE_THRESHOLDS},
    {"12b", "Positivity cut-offs of the reference standard", "参考标准阳性界值", AUTHOR, 0},
    {"13", "Blinding of those who read index test and reference standard", "待评价试验与参考标准判读者的设盲", AUTHOR, 0},
    {"14", "Methods for estimating and comparing accuracy", "准确性估计与比较的方法", ALWAYS, PHRASE_DISCRIMINATION},
    {"15", "Indeterminate results: how they were handled", "不确定结果的处理", ALWAYS, PHRASE_PARTICIPANTS},
    {"16", "Missing data: how they were handled", "缺失数据的处理", ALWAYS, PHRASE_PARTICIPANTS},
    {"17", "Analyses of variability, pre-specified or exploratory", "变异性分析，预设或探索", IF_SUBGROUPS, PHRASE_SUBGROUPS},
    {"18", "Intended sample size and how it was determined", "预期样本量及其确定", AUTHOR, 0},
    {"19", "Flow of participants, as a diagram", "研究对象流程图", ALWAYS, PHRASE_PARTICIPANTS},
    {"20", "Baseline characteristics", "基线特征", AUTHOR, 0},
    {"21a", "Distribution of severity in those with the condition", "患病者严重程度分布", IF_TIERS, PHRASE_TIERS},
    {"21b", "Alternative diagnoses in those without", "未患病者的其他诊断", AUTHOR, 0},
    {"22", "Interval and interventions between index test and reference standard", "两试验间的时间间隔与干预", AUTHOR, 0},
    {"23", "Cross tabulation of index test by reference standard", "待评价试验与参考标准的交叉表", IF_THRESHOLD, PHRASE_THRESHOLDS},
    {"24", "Estimates of accuracy and their precision", "准确性估计及其精度", ALWAYS, PHRASE_DISCRIMINATION},
    {"25", "Adverse events", "不良事件", AUTHOR, 0},
    {"26-27", "Limitations, implications for practice", "局限与临床意义", AUTHOR, 0},
    {"28-30", "Registration, protocol, funding", "注册、方案、资助", AUTHOR, 0},
    {"AI", "Additions of STARD-AI (data sets, index test as software, fairness, commercial interests): see the published list",
     "STARD-AI 增补条目（数据集、软件形式的待评价试验、公平性、商业利益）：见正式清单", AUTHOR, 0},
};

static const struct item claim[] = {
    {"1-4", "Title, abstract, background, objectives and hypotheses", "标题、摘要、背景、目的与假设", AUTHOR, 0},
    {"5-6", "Prospective or retrospective; study goal", "前瞻性或回顾性；研究目标", AUTHOR, 0},
    {"7-13", "Data: sources, eligibility, preprocessing, selection, de-identification, missing data, acquisition",
     "数据：来源、纳排、预处理、选择、去标识、缺失、采集", AUTHOR, 0},
    {"14-18", "Reference standard: definition, rationale, annotators, variability", "参考标准：定义、依据、标注者、变异性", AUTHOR, 0},
    {"19, 21", "Data partitions: how they were assigned; sample size", "数据划分的方式；样本量", AUTHOR, 0},
    {"20", "Test and development sets share no exam and no patient (checked where both were given)",
     "测试集与开发集无共同检查与患者（两者均提供时已核对）", IF_LOCKED, PHRASE_FILES},
    {"22-25", "Model: description, software, initialisation, training", "模型：描述、软件、初始化、训练", AUTHOR, 0},
    {"26-27", "Choice of the final model, ensembles", "最终模型的选择与集成", AUTHOR, 0},
    {"28", "Metrics of performance", "性能指标", ALWAYS, PHRASE_DISCRIMINATION},
    {"29", "Measures of significance and uncertainty", "显著性与不确定性度量", ALWAYS, PHRASE_DISCRIMINATION},
    {"30", "Robustness or sensitivity analysis", "稳健性或敏感性分析", ALWAYS, PHRASE_SUMMARY},
    {"31", "Explainability", "可解释性", AUTHOR, 0},
    {"32-33", "Internal and external testing", "内部与外部测试", AUTHOR, 0},
    {"34", "Trial registration", "试验注册", AUTHOR, 0},
    {"35", "Numbers included and excluded, as a flow diagram", "纳入与排除人数，流程图", ALWAYS, PHRASE_PARTICIPANTS},
    {"36", "Demographic and clinical characteristics of each partition", "各划分的人口学与临床特征", AUTHOR, 0},
    {"37", "Performance with measures of uncertainty; comparison with readers", "性能及不确定性；与阅片者比较", IF_READERS,
     PHRASE_READERS_TITLE},
    {"38", "Estimates of performance and their precision", "性能估计及其精度", ALWAYS, PHRASE_DISCRIMINATION},
    {"39", "Failure analysis: exams refused or misclassified", "失败分析：被拒绝或误判的检查", ALWAYS, PHRASE_PARTICIPANTS},
    {"40-41", "Limitations, implications for practice", "局限与临床意义", AUTHOR, 0},
    {"42-44", "Protocol, availability of software and data, funding", "方案、软件与数据可得性、资助", AUTHOR, 0},
};

static bool is_filled(const struct evaluation *v, enum filled f) {
    switch (f) {
    case AUTHOR:
        return false;
    case ALWAYS:
        return true;
    case IF_THRESHOLD:
        return v->binary.n_thresholds > 0;
    case IF_READERS:
        return gap_none(&v->readers.gap);
    case IF_CALIBRATION:
        return v->calibration.development_n > 0;
    case IF_SUBGROUPS:
        for (size_t i = 0; i < v->subgroups.n; i++)
            if (gap_none(&v->subgroups.columns[i].gap))
                return true;
        return false;
    case IF_TIERS:
        return gap_none(&v->tiers.gap);
    case IF_LOCKED:
        return v->calibration.development_n > 0 || (v->binary.n_thresholds && v->binary.thresholds[0].origin == THRESHOLD_CHOSEN);
    }
    return false;
}

static void one_list(struct compose *c, const char *caption, const struct item *items, size_t n) {
    document_checklist(c->document, caption);
    for (size_t i = 0; i < n; i++) {
        const struct item *x = &items[i];
        const bool filled = is_filled(c->v, x->filled);
        document_checklist_item(c->document, x->number, c->language == WORDS_CHINESE ? x->chinese : x->english,
                                filled ? DOCUMENT_FILLED : DOCUMENT_AUTHOR, filled ? phrase_text(c->language, x->where) : NULL);
    }
}

void compose_checklists(struct compose *c) {
    document_heading(c->document, 1, SAY(CHECKLISTS));
    document_note(c->document, "%s", SAY(CHECKLIST_NOTE));
    one_list(c, "TRIPOD+AI", tripod, sizeof tripod / sizeof *tripod);
    one_list(c, "STARD 2015, STARD-AI", stard, sizeof stard / sizeof *stard);
    one_list(c, "CLAIM 2024", claim, sizeof claim / sizeof *claim);
}
