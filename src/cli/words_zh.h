/* The terminal's words in Chinese. A text that is not in this table is said in English. The conversions of a format stand in the same order
 * in both; tests/cli/t_language.sh checks it, and that every English text is one that the program says. Floor 9. */
#ifndef BMU_CLI_WORDS_ZH_H
#define BMU_CLI_WORDS_ZH_H

/* clang-format off */
#define WORDS_ZH(X) \
    /* help */ \
    X("Usage: ", "用法：") \
    X("VERB [OPTION]...", "命令 [选项]...") \
    X("Breast cancer risk stratification of one breast at one time, from mammography, ultrasound of three kinds and clinical values: scores for the tiers of a disease tree.", \
      "根据一侧乳腺同一时期的乳腺X线摄影、三种超声和临床数据进行乳腺癌风险分层：给出疾病树各风险层级的评分。") \
    X("this page; help VERB: the options of that verb; help codes: all codes of errors and refusals", \
      "本页；help 命令：该命令的选项；help codes：全部错误码和拒绝码") \
    X("version, commit and libraries; with --json as JSON", "版本、提交和所用库；加 --json 输出 JSON") \
    X("print this help", "显示本帮助") \
    X("Exit status:", "退出状态：") \
    X("done", "完成") \
    X("an error: one line on standard error says which", "出错：标准错误输出中有一行说明") \
    X("everything is written, but something was refused; its row says why", "已全部写出，但有检查或文件被拒绝，其行中写明原因") \
    X("stopped by a signal", "被信号中止") \
    X("Research use only. Not a medical device; the output is a model's score, not a diagnosis.", \
      "仅供研究使用。本程序不是医疗器械；输出是模型评分，不是诊断。") \
    /* verbs */ \
    X("run a model on a table of exams, or on one exam", "用模型对检查表或单次检查进行预测") \
    X("show what a network would see of each exam, without a model", "不用模型，查看网络对每次检查的输入") \
    X("make a table of exams from a folder of images", "由影像文件夹生成检查表") \
    X("write DICOM images without what identifies the patient", "写出去除患者身份信息的 DICOM 影像") \
    X("train one stage of a network", "训练网络的一个阶段") \
    X("list training runs and their results", "列出各次训练及其结果") \
    X("turn a PyTorch checkpoint into a model file", "将 PyTorch 检查点转换为模型文件") \
    X("show what a model file is", "显示模型文件的信息") \
    X("write an untrained model, for trying things out", "写出未经训练的模型，供试用") \
    X("make a synthetic cohort with known truth", "生成真值已知的合成队列") \
    X("divide a table of exams by patient", "按患者划分检查表") \
    X("measure predictions against the truth, with a report", "对照真值评价预测结果并生成报告") \
    X("measure speed and memory on this machine", "测量本机的速度和内存用量") \
    /* predict */ \
    X("exam", "检查") \
    X("tier", "层级") \
    X("malignant", "恶性") \
    X("views used", "所用影像") \
    X("refused", "已拒绝") \
    X("used", "已使用") \
    X("absent", "缺失") \
    X("benign", "良性") \
    X("\n%zu computed, %zu refused. ", "\n计算 %zu 例，拒绝 %zu 例。") \
    X("): the model's scores for the %zu tiers; ", ")：模型对 %zu 个层级的评分；") \
    X("p(tier): the model's score for the tier named, of %zu; ", "p(tier)：模型对所列层级的评分，共 %zu 个层级；") \
    X("Disease tree ", "疾病树 ") \
    X("disease tree ", "疾病树 ") \
    X(", approved by ", "，批准人 ") \
    X("nobody", "无") \
    X("patient ", "患者 ") \
    X("side ", "侧别 ") \
    X("answer", "结果") \
    X("note", "说明") \
    X("model", "模型") \
    X("tree", "疾病树") \
    X("images", "影像") \
    X("clinical values", "临床数据") \
    X("  absent: ", "  缺失：") \
    X(", network %s, variant %s\n%*s sha256 %s\n", "，网络 %s，变体 %s\n%*s sha256 %s\n") \
    X("mammography", "乳腺X线") \
    X("B-mode", "B型超声") \
    X("Doppler", "多普勒") \
    X("elastography", "弹性成像") \
    X("THIS MODEL IS UNTRAINED: its weights are random numbers, and its output means nothing about any patient", \
      "此模型未经训练：其权重是随机数，输出对任何患者都没有意义") \
    X("%zu ok, %zu refused%s; %.2f exams/s, %.1f s\n", "完成 %zu 例，拒绝 %zu 例%s；每秒 %.2f 例，共 %.1f 秒\n") \
    X("%zu ok, %zu refused%s\n", "完成 %zu 例，拒绝 %zu 例%s\n") \
    X(" (reason in each row)", "（原因见各行）") \
    X(" (reason in each line)", "（原因见各行）") \
    X("written: ", "已写出：") \
    /* deidentify, scan */ \
    X("%zu files written, %zu refused\n", "写出 %zu 个文件，拒绝 %zu 个\n")
/* clang-format on */

#endif
