/* The fixed words of figures and pages, in English and Chinese. Floor 2. */
#ifndef BMU_DRAW_WORDS_H
#define BMU_DRAW_WORDS_H

#include <stdbool.h>

enum words_language { WORDS_ENGLISH, WORDS_CHINESE, WORDS_LANGUAGES };

/* clang-format off */
#define WORDS(X) \
    X(FIGURE,           "Figure", "图") \
    X(TABLE,            "Table", "表") \
    X(CONTENTS,         "Contents", "目录") \
    X(NUMBERS,          "Numbers (CSV)", "数据（CSV）") \
    X(AS_SVG,           "SVG", "SVG") \
    X(AS_PNG,           "PNG", "PNG") \
    X(PAGE,             "Page %zu of %zu", "第 %zu 页，共 %zu 页") \
    X(CONTINUED,        "continued", "续") \
    X(TITLE_ROC,        "ROC curves", "ROC 曲线") \
    X(TITLE_PRECISION,  "Precision-recall curves", "精确率-召回率曲线") \
    X(TITLE_RELIABILITY, "Reliability curves", "校准曲线") \
    X(TITLE_DECISION,   "Decision curves", "决策曲线") \
    X(TITLE_HISTOGRAM,  "Scores by class", "各类别评分分布") \
    X(NO_DATA,          "No data", "无数据") \
    X(NO_ROOM,          "%zu labels left out for want of room", "因空间不足省略 %zu 个标签") \
    X(ONE_MINUS_SPECIFICITY, "1 − specificity", "1 − 特异度") \
    X(SENSITIVITY,      "Sensitivity", "灵敏度") \
    X(CHANCE,           "Chance", "随机水平") \
    X(RECALL,           "Recall (sensitivity)", "召回率（灵敏度）") \
    X(PRECISION,        "Precision (PPV)", "精确率（阳性预测值）") \
    X(PREVALENCE,       "Prevalence", "患病率") \
    X(PREDICTED,        "Predicted probability", "预测概率") \
    X(OBSERVED,         "Observed proportion", "观察比例") \
    X(PERFECT,          "Perfect calibration", "理想校准") \
    X(EXAMS,            "Exams", "检查数") \
    X(THRESHOLD,        "Threshold probability", "阈概率") \
    X(NET_BENEFIT,      "Net benefit", "净获益") \
    X(TREAT_ALL,        "Act on all", "全部干预") \
    X(TREAT_NONE,       "Act on none", "均不干预") \
    X(SCORE,            "Score", "评分") \
    X(AT_THRESHOLD,     "Threshold", "阈值") \
    X(TARGET,           "Target", "目标") \
    X(TRUTH,            "Truth", "真实类别") \
    X(PREDICTION,       "Prediction", "预测类别") \
    X(SUBGROUP,         "Subgroup", "亚组") \
    X(ESTIMATE,         "Estimate (CI)", "估计值（置信区间）") \
    X(ITEM,             "Item", "条目") \
    X(REQUIREMENT,      "What is to be reported", "报告要求") \
    X(STATE,            "State", "状态") \
    X(WHERE,            "Where, or what", "位置或内容") \
    X(FILLED,           "filled in", "已填写") \
    X(AUTHOR,           "for the author", "待作者填写") \
    X(NOT_APPLICABLE,   "not applicable", "不适用") \
    X(NOTE,             "Note", "说明") \
    X(WARNING,          "Caution", "警告")
/* clang-format on */

enum words_key {
#define X(name, english, chinese) WORDS_##name,
    WORDS(X)
#undef X
        WORDS_KEYS
};

/* Static. */
const char *words(enum words_language language, enum words_key key);
/* "en" or "zh-CN", for HTML's lang. Static. */
const char *words_tag(enum words_language language);
/* "en" or "zh" as on a command line; false if neither. */
bool words_language(const char *name, enum words_language *out);

#endif
